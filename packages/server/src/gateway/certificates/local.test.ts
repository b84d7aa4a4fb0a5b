import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CertificateError, type Certificates, dayMs } from './certificate-pair.ts'
import { loadLocalCertificates } from './local.ts'

const now = new Date('2027-01-10T00:00:00Z')
const later = (days: number): Date => new Date(now.getTime() + days * dayMs)
const hosts = ['iot.example.com', '10.1.2.3', 'fd00::1']

let folder: string
let made: Certificates

beforeAll(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'hatchway-ca-')), 'data')
  made = await loadLocalCertificates(folder, hosts, now)
})
afterAll(async () => {
  await rm(join(folder, '..'), { recursive: true })
})

const certificateIn = async (name: string): Promise<X509Certificate> =>
  new X509Certificate(await readFile(join(folder, name)))

describe('what is made on the first start', () => {
  test('keys are readable by their owner only, and no temporary file is left', async () => {
    expect((await readdir(folder)).toSorted()).toEqual([
      'ca-key.pem',
      'ca.pem',
      'server-ec-key.pem',
      'server-ec.pem',
      'server-rsa-key.pem',
      'server-rsa.pem',
    ])
    for (const name of ['ca-key.pem', 'server-rsa-key.pem', 'server-ec-key.pem']) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    }
  })

  test('openssl verifies both server certificates strictly, against the CA alone', async () => {
    const files = ['server-rsa.pem', 'server-ec.pem'].map(name => join(folder, name))
    const options = ['verify', '-x509_strict', '-attime', String(now.getTime() / 1000), '-purpose', 'sslserver']
    const { stdout } = await promisify(execFile)('openssl', [...options, '-CAfile', join(folder, 'ca.pem'), ...files])
    expect(stdout).toBe(files.map(file => `${file}: OK\n`).join(''))
  })

  test('the CA and one certificate are RSA-2048, the other is P-256', async () => {
    const keyOf = async (name: string): Promise<unknown> => (await certificateIn(name)).publicKey.asymmetricKeyDetails
    expect(await keyOf('ca.pem')).toMatchObject({ modulusLength: 2048 })
    expect(await keyOf('server-rsa.pem')).toMatchObject({ modulusLength: 2048 })
    expect(await keyOf('server-ec.pem')).toMatchObject({ namedCurve: 'prime256v1' })
    expect(made.pairs.map(pair => pair.kind)).toEqual(['rsa', 'ec'])
  })

  test('certificates cover this machine and the public names', async () => {
    for (const name of ['server-rsa.pem', 'server-ec.pem']) {
      const certificate = await certificateIn(name)
      for (const host of ['localhost', hostname(), 'iot.example.com']) {
        expect(certificate.checkHost(host)).toBe(host)
      }
      for (const address of ['127.0.0.1', '::1', '10.1.2.3', 'fd00::1']) {
        expect(certificate.checkIP(address)).toBe(address)
      }
    }
  })

  test('the CA lasts 20 years, server certificates less than 825 days, all from a day ago on', async () => {
    const ca = await certificateIn('ca.pem')
    expect(ca.ca).toBe(true)
    expect((ca.validToDate.getTime() - now.getTime()) / dayMs / 365).toBeCloseTo(20, 1)
    for (const { cert } of made.pairs) {
      const { validFromDate, validToDate, ca: isCa } = new X509Certificate(cert)
      expect(isCa).toBe(false)
      expect(validFromDate).toEqual(later(-1))
      expect(validToDate).toEqual(made.notAfter)
      expect((validToDate.getTime() - validFromDate.getTime()) / dayMs).toBeLessThan(825)
    }
  })

  test('it says what devices can check', () => {
    expect(made).toMatchObject({ caFile: join(folder, 'ca.pem'), warnings: [] })
    for (const fingerprint of Object.values(made.fingerprints))
      expect(fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })
})

test('the next start finds the same certificates', async () => {
  expect(await loadLocalCertificates(folder, hosts, later(1))).toEqual(made)
})

test('with 30 days left, server certificates are made anew by the same CA', async () => {
  expect(await loadLocalCertificates(folder, hosts, later(698))).toEqual(made)
  const renewed = await loadLocalCertificates(folder, hosts, later(700))
  expect(renewed.fingerprints.ca).toBe(made.fingerprints.ca)
  expect(renewed.fingerprints.rsa).not.toBe(made.fingerprints.rsa)
  expect(renewed.fingerprints.ec).not.toBe(made.fingerprints.ec)
  const ca = await certificateIn('ca.pem')
  for (const { cert } of renewed.pairs) expect(new X509Certificate(cert).verify(ca.publicKey)).toBe(true)
})

test.each([
  ['another name', [...hosts, 'new.example.com']],
  ['a name less', hosts.slice(1)],
])('with %s, server certificates are made anew by the same CA', async (_, names) => {
  const before = await loadLocalCertificates(folder, hosts, now)
  const after = await loadLocalCertificates(folder, names, now)
  expect(after.fingerprints.ca).toBe(before.fingerprints.ca)
  expect(after.fingerprints.rsa).not.toBe(before.fingerprints.rsa)
  expect(after.fingerprints.ec).not.toBe(before.fingerprints.ec)
})

test('a crash between the two files of a pair is made good by the next start', async () => {
  const before = await loadLocalCertificates(folder, hosts, now)
  const strangeKey = before.pairs.find(pair => pair.kind === 'ec')?.key ?? ''
  await writeFile(join(folder, 'server-rsa-key.pem'), strangeKey)
  await rm(join(folder, 'server-ec.pem'))
  const after = await loadLocalCertificates(folder, hosts, now)
  expect(after.fingerprints.ca).toBe(before.fingerprints.ca)
  expect(after.fingerprints.rsa).not.toBe(before.fingerprints.rsa)
  for (const { cert, key } of after.pairs) expect(cert + key).toContain('PRIVATE KEY')
})

test('a lost CA certificate is made again around its key, so that pinned devices still trust it', async () => {
  const before = await certificateIn('ca.pem')
  await rm(join(folder, 'ca.pem'))
  await loadLocalCertificates(folder, hosts, now)
  const after = await certificateIn('ca.pem')
  expect(after.publicKey.equals(before.publicKey)).toBe(true)
  expect(after.subject).toBe(before.subject)
})

test('a CA whose key does not match is never replaced', async () => {
  const key = await readFile(join(folder, 'ca-key.pem'))
  await writeFile(join(folder, 'ca-key.pem'), await readFile(join(folder, 'server-rsa-key.pem')))
  const loading = loadLocalCertificates(folder, hosts, now)
  await expect(loading).rejects.toThrow(CertificateError)
  await expect(loading).rejects.toThrow('is not the key of')
  await writeFile(join(folder, 'ca-key.pem'), key)
})

test('without the CA key, certificates serve while they last; then the sentence says what to do', async () => {
  await loadLocalCertificates(folder, hosts, now)
  const keyFile = join(folder, 'ca-key.pem')
  const key = await readFile(keyFile)
  await rm(keyFile)
  expect((await loadLocalCertificates(folder, hosts, now)).pairs).toHaveLength(2)
  await expect(loadLocalCertificates(folder, hosts, later(720))).rejects.toThrow('put the CA key back for this start')
  await writeFile(keyFile, key)
})

test('a CA in its last year is warned about', async () => {
  const { warnings } = await loadLocalCertificates(folder, hosts, later(365 * 19 + 10))
  expect(warnings).toEqual([expect.stringContaining('plan how devices get the next CA')])
})

test('a folder that can not be made is one clear sentence', async () => {
  const file = join(folder, 'ca.pem')
  await expect(loadLocalCertificates(join(file, 'below'), hosts, now)).rejects.toThrow(CertificateError)
})
