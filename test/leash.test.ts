import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { leashed } from '../scripts/leashed.ts'
import { eventually } from './harness/hatchway.ts'

const LEASHED = fileURLToPath(new URL('../scripts/leashed.ts', import.meta.url))
const STARTER = `
  const { spawn } = await import('node:child_process')
  const { leashed } = await import(${JSON.stringify(LEASHED)})
  const { pid } = spawn(...leashed('sleep', ['600']), { stdio: 'ignore' })
  console.log(pid)
  setInterval(() => {}, 1000)`

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('what a test has started ends with the test, even if that is killed', async () => {
  const args = ['--input-type=module', '--eval', STARTER]
  const starter = spawn(...leashed(process.execPath, args), { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(starter.stdout, 'data')
  const pid = Number(line)
  expect(isThere(pid)).toBe(true)
  starter.kill('SIGKILL')
  await eventually(async () => !isThere(pid))
})
