import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Registry as Collection, Gauge } from 'prom-client'
import { readCounter, readGauge } from './metric-readers.ts'

const LAG_RESOLUTION_MS = 10
const NANOSECONDS = 1e9
const MICROSECONDS = 1e6
const LAG_PERCENTILES = [50, 99, 100] as const

/** CPU, memory and event loop of the process. The returned function ends the measuring. */
export function measureProcess(collection: Collection, startedAtMs: number): () => void {
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  delay.enable()
  new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'Event loop delay since the last scrape, by percentile',
    labelNames: ['percentile'],
    registers: [collection],
    collect() {
      for (const percentile of LAG_PERCENTILES) this.set({ percentile }, delay.percentile(percentile) / NANOSECONDS)
      delay.reset()
    },
  })
  readCounter(collection, 'process_cpu_seconds', 'CPU time of the process, user and system', () => {
    const { user, system } = process.cpuUsage()
    return { all: (user + system) / MICROSECONDS }
  })
  readGauge(collection, 'process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  readGauge(collection, 'nodejs_heap_size_used_bytes', 'Heap in use', () => process.memoryUsage().heapUsed)
  readGauge(collection, 'process_start_time_seconds', 'Start of the server since 1970', () => startedAtMs / 1000)
  return () => delay.disable()
}
