import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** The server has one core to itself, the generator of the load the other. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

const TICKS_PER_SECOND = 100 // USER_HZ of every Linux that Node runs on

/** CPU time that a process has used so far, user and system, all its threads, in microseconds (resolution 10 ms). Linux. */
export function processCpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND
}

/** Resident memory of a process in bytes. Linux. */
export function processRssBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/status says no VmRSS`)
  return Number(kibibytes) * 1024
}

export function machineLine(): string {
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, OpenSSL ${process.versions.openssl}`
}
