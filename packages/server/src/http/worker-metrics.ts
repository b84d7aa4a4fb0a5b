import { type Registry as Collection, Counter, Gauge } from 'prom-client'
import { readCounter } from './metric-readers.ts'
import type { HttpParts, WorkerFigures } from './parts.ts'

type Worker = WorkerFigures['all'][number]

const MS_PER_SECOND = 1000

/** Figures of the worker processes; none where there are none. */
export function readWorkers(collection: Collection, { workers }: HttpParts): void {
  if (workers === undefined) return
  const labelNames = ['worker']
  const gauges: readonly [string, string, (worker: Worker) => number][] = [
    ['hatchway_worker_connections', 'Open connections of each worker process', worker => worker.connections],
    [
      'hatchway_worker_eventloop_lag_seconds',
      'Longest event loop delay of each worker process in the last half second',
      worker => worker.lagMs / MS_PER_SECOND,
    ],
    ['hatchway_worker_resident_memory_bytes', 'Resident memory of each worker process', worker => worker.residentBytes],
  ]
  for (const [name, help, read] of gauges) {
    new Gauge({
      ...{ name, help, labelNames, registers: [collection] },
      collect() {
        this.reset()
        for (const worker of workers().all) this.set({ worker: worker.number }, read(worker))
      },
    })
  }
  new Counter({
    name: 'hatchway_worker_cpu_seconds_total',
    help: 'CPU time of each worker process, user and system, since it was started',
    labelNames,
    registers: [collection],
    collect() {
      this.reset()
      for (const { number, cpuSeconds } of workers().all) this.inc({ worker: number }, cpuSeconds)
    },
  })
  readCounter(collection, 'hatchway_worker_restarts', 'Worker processes started in the place of one that ended', () => {
    return { all: workers().restarts }
  })
}
