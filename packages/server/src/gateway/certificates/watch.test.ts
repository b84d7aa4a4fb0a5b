import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Certificates, dayMs } from './certificate-pair.ts'
import { type IssuedPair, issueAuthority, issueServer } from './issue.ts'
import { type CertificateSource, loadCertificates } from './load.ts'
import { type CertificateWatch, watchCertificates } from './watch.ts'

let folder: string
let certFile: string
let keyFile: string
let authority: IssuedPair
let watch: CertificateWatch | undefined
let changes: Certificates[]
let errors: string[]
let nowMs: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hatchway-watch-'))
  certFile = join(folder, 'cert.pem')
  keyFile = join(folder, 'key.pem')
  authority = await issueAuthority(new Date())
  changes = []
  errors = []
  nowMs = Date.now()
})
afterEach(async () => {
  watch?.close()
  watch = undefined
  await rm(folder, { recursive: true })
})

async function replace(pair: IssuedPair): Promise<void> {
  await writeFile(join(folder, 'new.key'), pair.key)
  await rename(join(folder, 'new.key'), keyFile)
  await writeFile(join(folder, 'new.pem'), pair.cert)
  await rename(join(folder, 'new.pem'), certFile)
}

async function start(source: CertificateSource): Promise<Certificates> {
  const current = await loadCertificates(source)
  watch = watchCertificates({
    source,
    current,
    onChange: next => changes.push(next),
    onError: error => errors.push(error.message),
    clock: { now: () => nowMs },
    intervalMs: 5,
  })
  return current
}

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 })

test('replaced files are taken over; broken ones leave what is in use, and are reported once', async () => {
  const names = ['a.example.com']
  await replace(await issueServer('ec', names, authority, new Date()))
  const first = await start({ certFiles: [certFile], keyFiles: [keyFile] })

  await writeFile(certFile, 'half a certif')
  await waitFor(() => expect(errors).toEqual([expect.stringContaining('holds no PEM certificate')]))
  await rm(certFile)
  await waitFor(() => expect(errors).toHaveLength(2))
  expect(errors[1]).toContain('does not exist')
  expect(changes).toEqual([])

  await replace(await issueServer('ec', names, authority, new Date()))
  await waitFor(() => expect(changes).toHaveLength(1))
  expect(changes[0]?.fingerprints.ec).not.toBe(first.fingerprints.ec)
})

test('local certificates are made anew while the server runs', async () => {
  const first = await start({ dataDir: folder, publicHosts: [] })
  nowMs = Date.now() + 710 * dayMs
  await waitFor(() => expect(changes).toHaveLength(1))
  expect(changes[0]?.fingerprints.ca).toBe(first.fingerprints.ca)
  expect(changes[0]?.fingerprints.rsa).not.toBe(first.fingerprints.rsa)
  expect(errors).toEqual([])
})

test('after close nothing is looked at any more', async () => {
  await replace(await issueServer('ec', ['a.example.com'], authority, new Date()))
  const source = { certFiles: [certFile], keyFiles: [keyFile] }
  const current = await start(source)
  watch?.close()
  const others: string[] = []
  const other = { source, current, onChange: () => {}, onError: (error: Error) => others.push(error.message) }
  watch = watchCertificates({ ...other, clock: { now: () => nowMs }, intervalMs: 5 })
  await rm(certFile)
  await waitFor(() => expect(others).toHaveLength(1))
  await writeFile(certFile, 'text')
  await waitFor(() => expect(others).toHaveLength(2))
  expect([changes, errors]).toEqual([[], []])
})
