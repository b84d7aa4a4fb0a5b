import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { loadOrCreateMasterKey, MasterKeyError } from './master-key.ts'

const execute = promisify(execFile)
const MODULE = new URL('./master-key.ts', import.meta.url).href
const directory = mkdtempSync(join(tmpdir(), 'hatchway-master-key-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
let made = 0
const fileWith = (content?: string, mode = 0o600): string => {
  const file = join(directory, `key${++made}`)
  if (content !== undefined) writeFileSync(file, content)
  if (content !== undefined) chmodSync(file, mode)
  return file
}
const problemOf = (file: string): Promise<string> =>
  loadOrCreateMasterKey(file).then(
    () => 'none',
    error => {
      expect(error).toBeInstanceOf(MasterKeyError)
      return (error as MasterKeyError).message
    },
  )

describe('the master key', () => {
  test('is made once, for its owner only, and read from then on', async () => {
    const file = fileWith()
    const key = await loadOrCreateMasterKey(file)
    expect(key).toHaveLength(32)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toBe(`${key.toString('hex')}\n`)
    expect(await loadOrCreateMasterKey(file)).toEqual(key)
    expect(await loadOrCreateMasterKey(fileWith())).not.toEqual(key)
  })

  test('is the same for all that start at once, and they leave nothing else behind', async () => {
    const folder = mkdtempSync(join(directory, 'shared-'))
    const file = join(folder, 'key')
    const load = `import { loadOrCreateMasterKey } from ${JSON.stringify(MODULE)}
      console.log((await loadOrCreateMasterKey(${JSON.stringify(file)})).toString('hex'))`
    const args = ['--input-type=module', '--eval', load]
    const others = Array.from({ length: 2 }, () => execute(process.execPath, args))
    const here = Array.from({ length: 20 }, () => loadOrCreateMasterKey(file))
    const keys = [
      ...(await Promise.all(here)).map(key => key.toString('hex')),
      ...(await Promise.all(others)).map(({ stdout }) => stdout.trim()),
    ]
    expect(new Set(keys).size).toBe(1)
    expect(readdirSync(folder)).toEqual(['key'])
  })

  test.each(['ab'.repeat(32), `${'AB'.repeat(32)}\n`, ` ${'ab'.repeat(32)}\r\n`])(
    'may be hand-made: %j',
    async text => {
      expect(await loadOrCreateMasterKey(fileWith(text))).toEqual(Buffer.alloc(32, 0xab))
    },
  )

  test.each(['', 'ab', 'xy'.repeat(32), 'ab'.repeat(33), 'ab'.repeat(5000)])(
    'must be 64 hex digits: %#',
    async text => {
      const file = fileWith(text)
      expect(await problemOf(file)).toBe(
        `HATCHWAY_MASTER_KEY_FILE: the master key file ${file} does not hold 64 hex digits; ` +
          'restore it from your backup, or delete it if no database was made with it.',
      )
      expect(readFileSync(file, 'utf8')).toBe(text)
    },
  )

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o666])(
    'is refused where others may touch it (there are no such modes on Windows): %o',
    async mode => {
      const file = fileWith('ab'.repeat(32), mode)
      expect(await problemOf(file)).toBe(
        `HATCHWAY_MASTER_KEY_FILE: the master key file ${file} may be read or changed by other users ` +
          `(mode ${mode.toString(8)}); run chmod 600 ${file}.`,
      )
    },
  )

  test('a path that can be neither read nor made is told', async () => {
    const missing = join(directory, 'missing', 'key')
    expect(await problemOf(missing)).toMatch(/can't be created \(ENOENT.*; make its directory writable\.$/)
    const folder = fileWith()
    mkdirSync(folder)
    expect(await problemOf(folder)).toMatch(/^HATCHWAY_MASTER_KEY_FILE: the master key file .*\.$/)
  })
})
