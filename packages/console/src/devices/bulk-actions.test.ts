import { expect, it } from 'vitest'
import type { Device } from '../api/types.ts'
import { batchesOf } from './bulk-actions.ts'

const device = (productKey: string, deviceName: string) => ({ productKey, deviceName }) as Device

it('a batch holds devices of one product, and no more than its size', () => {
  const devices = [device('a', '1'), device('b', '2'), device('a', '3'), device('a', '4')]
  expect(batchesOf(devices, 2)).toEqual([
    { productKey: 'a', deviceNames: ['1', '3'] },
    { productKey: 'a', deviceNames: ['4'] },
    { productKey: 'b', deviceNames: ['2'] },
  ])
})
