import { createInterface } from 'node:readline'
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into a server by --import, without a change to the server: answers lines on stdin by one JSON line `MemoryProbe`.
 * `memory`: collects garbage first. `snapshot FILE`: writes a heap snapshot there as well.
 */
/** How a server is started with the probe. */
export const PROBED = { nodeArgs: ['--import', import.meta.filename], listens: true } as const

export interface MemoryProbe {
  rss: number
  heapUsed: number
  heapTotal: number
  external: number
  arrayBuffers: number
}

// Not where a benchmark only wants its names, nor in the server's threads.
if (isMainThread && process.execArgv.includes(import.meta.filename)) listen()

function listen(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  createInterface({ input: process.stdin }).on('line', line => {
    const [command, file] = line.split(' ')
    if (command === 'snapshot' && file !== undefined) writeHeapSnapshot(file)
    // The second finds what the finalizers of the first let go of.
    for (let round = 0; round < 2; round++) collect()
    setImmediate(() => process.stdout.write(`${JSON.stringify(process.memoryUsage() satisfies MemoryProbe)}\n`))
  })
  // Listening here keeps no server running.
  process.stdin.on('end', () => {})
  ;(process.stdin as unknown as { unref?: () => void }).unref?.()
}
