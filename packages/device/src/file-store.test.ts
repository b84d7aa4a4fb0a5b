import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Credentials } from './credentials.ts'
import { fileStore } from './file-store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hatchway-device-'))
})
afterEach(() => rm(folder, { recursive: true }))

const secret: Credentials = { mode: 'register', productKey: 'pk1', deviceName: 'dev1', deviceSecret: 'ds' }
const token: Credentials = { mode: 'regnwl', productKey: 'pk1', deviceName: 'dev1', clientId: 'K1', deviceToken: 't1' }

describe('fileStore', () => {
  it.each([secret, token])('gives back what was saved: $mode', async credentials => {
    const store = fileStore(join(folder, 'cred.json'))
    expect(await store.load()).toBeUndefined()
    await store.save(credentials)
    expect(await store.load()).toEqual(credentials)
  })

  it('keeps the file to its owner, also over a readable one, and leaves nothing else behind', async () => {
    const path = join(folder, 'cred.json')
    await writeFile(path, 'old', { mode: 0o644 })
    await fileStore(path).save(secret)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['cred.json'])
  })

  it('leaves the old file whole when saving fails', async () => {
    const path = join(folder, 'absent', 'cred.json')
    await expect(fileStore(path).save(secret)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(folder)).toEqual([])
  })

  it('reads a file without a mode by its fields', async () => {
    const path = join(folder, 'cred.json')
    const { mode: _, ...fields } = token
    await writeFile(path, JSON.stringify({ ...fields, note: 'x' }))
    expect(await fileStore(path).load()).toEqual(token)
    expect(await readFile(path, 'utf8')).toContain('note')
  })

  it.each([
    ['{', /not valid JSON/],
    ['[]', /lack "productKey"/],
    ['null', /not a JSON object/],
    ['{"productKey":"pk1","deviceName":"dev1"}', /lack "deviceSecret"/],
    ['{"productKey":"pk1","deviceName":"dev1","mode":"x","deviceSecret":"hush"}', /"mode"/],
    ['{"productKey":"p k","deviceName":"dev1","deviceSecret":"hush"}', /malformed "productKey"/],
  ])('names the file and the field that is wrong, never a value: %s', async (content, problem) => {
    const path = join(folder, 'cred.json')
    await writeFile(path, content)
    const error: Error = await fileStore(path)
      .load()
      .then(
        () => new Error('it was read'),
        reason => reason,
      )
    expect(error.message).toMatch(problem)
    expect(error.message).toContain('cred.json')
    expect(error.message).not.toContain('hush')
  })
})
