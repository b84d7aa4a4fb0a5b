import { api, resultOf } from '../api/client.ts'
import type { BulkAction, Device } from '../api/types.ts'

/** Small enough that progress is seen and a stop takes effect soon. */
const BATCH_DEVICES = 200

export interface BulkProgress {
  done: number
  failures: readonly { device: Pick<Device, 'productKey' | 'deviceName'>; problem: string }[]
}

/** Batches of devices of one product each. */
export function batchesOf(
  devices: readonly Device[],
  size = BATCH_DEVICES,
): { productKey: string; deviceNames: string[] }[] {
  const byProduct = Map.groupBy(devices, ({ productKey }) => productKey)
  return [...byProduct].flatMap(([productKey, own]) => {
    const names = own.map(({ deviceName }) => deviceName)
    const count = Math.ceil(names.length / size)
    return Array.from({ length: count }, (_, index) => ({
      productKey,
      deviceNames: names.slice(index * size, (index + 1) * size),
    }))
  })
}

/** Does it to all, batch by batch; a batch that fails as a whole ends it. */
export async function runBulkAction(
  action: BulkAction,
  devices: readonly Device[],
  onProgress: (progress: BulkProgress) => void,
): Promise<BulkProgress> {
  let progress: BulkProgress = { done: 0, failures: [] }
  for (const { productKey, deviceNames } of batchesOf(devices)) {
    const { rows } = await resultOf(
      api.POST('/api/v1/products/{pk}/devices/actions', {
        params: { path: { pk: productKey } },
        body: { action, deviceNames },
      }),
    )
    const failed = rows.filter(({ outcome }) => outcome === 'failed')
    progress = {
      done: progress.done + rows.length - failed.length,
      failures: [
        ...progress.failures,
        ...failed.map(({ deviceName, problem, reason }) => ({
          device: { productKey, deviceName },
          problem: problem ?? reason ?? '',
        })),
      ],
    }
    onProgress(progress)
  }
  return progress
}
