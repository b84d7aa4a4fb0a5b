import { describe, expect, test } from 'vitest'
import { readImport } from './import-rows.ts'

const read = (csv: string, maxRows = 10) => readImport(csv, { productKey: 'pk1', maxRows })
const good = (line: number, deviceName: string, deviceSecret: string | null = null) => ({
  line,
  deviceName,
  deviceSecret,
  problem: null,
})

describe('an import is read', () => {
  test.each([
    ['without a header, names only', 'dev1\ndev2', [good(1, 'dev1'), good(2, 'dev2')]],
    ['without a header, with secrets', 'dev1,s1\ndev2,', [good(1, 'dev1', 's1'), good(2, 'dev2')]],
    ['with a header in any case', 'DeviceName,DEVICESECRET\ndev1,s1', [good(2, 'dev1', 's1')]],
    ['with columns in any order', 'deviceSecret,deviceName\ns1,dev1', [good(2, 'dev1', 's1')]],
    [
      'with a productKey column that agrees',
      'DeviceName,DeviceSecret,ProductKey\ndev1,s1,pk1',
      [good(2, 'dev1', 's1')],
    ],
  ])('%s', (_, csv, rows) => {
    expect(read(csv)).toEqual(rows)
  })

  test.each([
    ['a row of another product', 'deviceName,productKey\ndev1,pk2', 2, /productKey is not that of this import/],
    ['a row with too many cells', 'dev1,s1,more', 1, /more than 2 cells/],
    ['a quote that never closes', 'dev1\n"dev2', 2, /never closed/],
  ])('%s is reported with its line', (_, csv, line, problem) => {
    expect(read(csv).at(-1)).toMatchObject({ line, problem: expect.stringMatching(problem) })
  })

  test.each([
    ['nothing at all', '', 'body'],
    ['a header alone', 'deviceName,deviceSecret\n', 'body'],
    ['an unknown column', 'deviceName,colour\ndev1,red', 'header'],
    ['a column twice', 'deviceName,deviceName\na,b', 'header'],
  ])('%s is refused as a whole', (_, csv, field) => {
    expect(() => read(csv)).toThrow(expect.objectContaining({ code: 'field-invalid', field }))
  })

  test('as many rows as the limit are taken, one more refuses all', () => {
    expect(read('dev1\ndev2', 2)).toHaveLength(2)
    expect(() => read('dev1\ndev2\ndev3', 2)).toThrow(expect.objectContaining({ code: 'body-too-large' }))
  })
})
