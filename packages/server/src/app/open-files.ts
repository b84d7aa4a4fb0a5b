import { readFileSync } from 'node:fs'
import { type Config, OPTIONS } from './options.ts'

/** For what is not a device's connection: the runtime, databases, ports, and the API's connections, of which there may be 1000. */
const MOST_RESERVED = 1200
const LEAST_RESERVED = 128
const RESERVED_SHARE = 4
/** In a worker a connection has its own and the one to the main process. */
const FILES_IN_A_WORKER = 2

/** How many files a process may have open; undefined where the system does not tell in this way (not Linux). */
export function openFilesLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}

/**
 * How many connections fit among the open files of each process. Beyond it the system would close connections without a word,
 * those of the API as well.
 */
function connectionsThatFit({ workers, upstreamUrl }: Pick<Config, 'workers' | 'upstreamUrl'>, limit: number): number {
  const free = limit - Math.min(MOST_RESERVED, Math.max(LEAST_RESERVED, Math.ceil(limit / RESERVED_SHARE)))
  const inMain = Math.floor(free / (upstreamUrl === null ? 1 : 2))
  const inWorkers = workers === 0 ? inMain : Math.floor(free / FILES_IN_A_WORKER) * workers
  return Math.max(1, Math.min(inMain, inWorkers))
}

/** With no more connections than fit, and the sentence for whoever asked for more. */
export function withinOpenFiles(config: Config, limit: number | undefined): { config: Config; warnings: string[] } {
  const { maxConnections: wanted } = config
  const fitting = limit === undefined ? wanted : connectionsThatFit(config, limit)
  if (fitting >= wanted) return { config, warnings: [] }
  const warning = `HATCHWAY_MAX_CONNECTIONS is ${wanted}, but with ${limit} open files no more than ${fitting} connections are taken; raise that limit (LimitNOFILE of a systemd unit, ulimit -n).`
  return {
    config: { ...config, maxConnections: fitting },
    warnings: wanted === OPTIONS.maxConnections.default ? [] : [warning],
  }
}
