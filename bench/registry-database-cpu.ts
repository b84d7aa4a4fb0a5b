import { readdirSync, readFileSync } from 'node:fs'
import { processCpuUs } from './machine.ts'

/** CPU time so far of a process and its children that still run, microseconds: a connection of PostgreSQL is a process. */
export function databaseCpuUs(pid: number): number {
  let sum = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    if (Number(name) === pid || parentOf(name) === pid) sum += processCpuUs(Number(name))
  }
  return sum
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined // it has just ended
  }
}
