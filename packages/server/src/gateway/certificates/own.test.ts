import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CertificateError, dayMs } from './certificate-pair.ts'
import { issueAuthority, issueServer } from './issue.ts'
import { loadOwnCertificates } from './own.ts'

const now = new Date('2027-01-10T00:00:00Z')
const later = (days: number): Date => new Date(now.getTime() + days * dayMs)

let folder: string
const file = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hatchway-own-'))
  const authority = await issueAuthority(now)
  const rsa = await issueServer('rsa', ['a.example.com'], authority, now)
  const ec = await issueServer('ec', ['a.example.com'], authority, now)
  const ec2 = await issueServer('ec', ['b.example.com'], authority, now)
  const ed = generateKeyPairSync('ed25519')
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  })
  const files: Record<string, string> = {
    'rsa.pem': rsa.cert + authority.cert,
    'rsa.key': rsa.key,
    'ec.pem': ec.cert,
    'ec.key': ec.key,
    'ec2.pem': ec2.cert,
    'ec2.key': ec2.key,
    'ed.key': ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'encrypted.key': encrypted.privateKey,
    'text.pem': 'hello',
    'empty.pem': '',
  }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(file(name), text)))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

const load = (certs: string[], keys: string[], at = now) => loadOwnCertificates(certs.map(file), keys.map(file), at)

test('keys find their certificates in any order, and a chain stays a chain', async () => {
  const { pairs, caPem, caFile, warnings, fingerprints } = await load(['ec.pem', 'rsa.pem'], ['rsa.key', 'ec.key'])
  expect(pairs.map(pair => pair.kind)).toEqual(['rsa', 'ec'])
  expect(pairs[0]?.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  expect({ caPem, caFile, warnings }).toEqual({ caPem: null, caFile: null, warnings: [] })
  expect(fingerprints).toEqual({ ca: null, rsa: pairs[0]?.fingerprint, ec: pairs[1]?.fingerprint })
})

test('an RSA certificate alone will do', async () => {
  expect((await load(['rsa.pem'], ['rsa.key'])).warnings).toEqual([])
})

test('an EC certificate alone is warned about: it locks out devices that have RSA suites only', async () => {
  expect((await load(['ec.pem'], ['ec.key'])).warnings).toEqual([
    expect.stringContaining('There is no RSA certificate'),
  ])
})

test('less than 30 days left is warned about', async () => {
  expect((await load(['rsa.pem'], ['rsa.key'], later(710))).warnings).toEqual([expect.stringContaining('runs out on')])
})

test('a certificate from the future is warned about', async () => {
  const { warnings } = await load(['rsa.pem'], ['rsa.key'], later(-10))
  expect(warnings).toEqual([expect.stringContaining('is valid only from')])
})

const faults: [string, string[], string[], string][] = [
  ['no file', ['none.pem'], ['rsa.key'], 'none.pem does not exist'],
  ['no key file', ['rsa.pem'], ['none.key'], 'none.key does not exist'],
  ['a folder', ['.'], ['rsa.key'], 'is a folder'],
  ['text instead of a certificate', ['text.pem'], ['rsa.key'], 'text.pem holds no PEM certificate'],
  ['an empty file', ['empty.pem'], ['rsa.key'], 'empty.pem holds no PEM certificate'],
  ['a certificate instead of a key', ['rsa.pem'], ['ec.pem'], 'ec.pem holds no PEM private key'],
  ['an encrypted key', ['rsa.pem'], ['encrypted.key'], 'encrypted.key is an encrypted key'],
  ['another key', ['rsa.pem'], ['ec.key'], 'is the private key of'],
  ['more certificates than keys', ['rsa.pem', 'ec.pem'], ['rsa.key'], 'There are 2 certificate files and 1 key files'],
  ['two of one kind', ['ec.pem', 'ec2.pem'], ['ec.key', 'ec2.key'], 'ec2.pem is a second EC certificate'],
]

test.each(faults)('%s is one clear sentence', async (_, certs, keys, sentence) => {
  const loading = load(certs, keys)
  await expect(loading).rejects.toThrow(CertificateError)
  await expect(loading).rejects.toThrow(sentence)
  await expect(loading).rejects.toThrow(/^[^\n]+\.$/)
})

test('an expired certificate is one clear sentence', async () => {
  await expect(load(['rsa.pem'], ['rsa.key'], later(730))).rejects.toThrow('rsa.pem expired on')
})
