import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('a worker process of another version than the main process does not start, and says so', async () => {
  const worker = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), { execArgv: [] })
  const exit = once(worker, 'exit')
  const message = once(worker, 'message')
  worker.send({ kind: 'start', version: '0.0.0-older' })
  const [failure] = await message
  expect(failure).toEqual({ kind: 'failed', message: expect.stringContaining('0.0.0-older runs: restart') })
  expect(await exit).toEqual([1, null])
})
