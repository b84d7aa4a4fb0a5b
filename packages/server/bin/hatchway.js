#!/usr/bin/env node
// Runs on any Node that knows modules; the rest of Hatchway needs Node 24. On an older one, the Node that the npm package
// `node` brought along takes over.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED_MAJOR = 24
const here = fileURLToPath(import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
  await import('../src/cli/main.ts')
} else if (process.env.HATCHWAY_RELAUNCHED === '1') {
  giveUp()
} else {
  const node = findNode(dirname(here))
  if (node === undefined) giveUp()
  else takeOver(node)
}

function findNode(from) {
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', file)
    if (existsSync(candidate)) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

function takeOver(node) {
  // The channel tells the child when this process is killed hard, so that no server is left behind.
  const child = spawn(node, [here, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, HATCHWAY_RELAUNCHED: '1' },
  })
  // From a terminal the child gets the signal as well; it takes both for one.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    process.stderr.write(`hatchway: can't start ${node} (${error.code}): reinstall it with npm ci.\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
    if (child.connected) child.disconnect()
  })
}

function giveUp() {
  process.stderr.write(
    `hatchway: needs Node ${NEEDED_MAJOR} or newer, and this is ${process.version}: ` +
      'install one from https://nodejs.org, or run npm ci in the project, which brings one along.\n',
  )
  process.exitCode = 1
}
