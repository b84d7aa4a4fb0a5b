import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const launcher = fileURLToPath(new URL('../../bin/hatchway.js', import.meta.url))
/** Makes the launcher believe that it runs on an older Node. */
const OLD_NODE = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
)}`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hatchway-launcher-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The launcher in a folder of its own, where what it starts is `script`, by the Node in node_modules if there is one. */
const install = (script: string, { bundledNode }: { bundledNode: boolean }): string => {
  mkdirSync(join(folder, 'package/bin'), { recursive: true })
  mkdirSync(join(folder, 'package/src/cli'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  copyFileSync(launcher, join(folder, 'package/bin/hatchway.js'))
  writeFileSync(join(folder, 'package/src/cli/main.ts'), script)
  if (bundledNode) {
    mkdirSync(join(folder, 'node_modules/node/bin'), { recursive: true })
    symlinkSync(process.execPath, join(folder, 'node_modules/node/bin/node'))
  }
  return join(folder, 'package/bin/hatchway.js')
}
const start = (file: string, argv: string[], { old }: { old: boolean }) => {
  const child = spawn(process.execPath, [...(old ? ['--import', OLD_NODE] : []), file, ...argv])
  const ran = { stdout: '', stderr: '' }
  child.stdout.on('data', chunk => {
    ran.stdout += chunk
  })
  child.stderr.on('data', chunk => {
    ran.stderr += chunk
  })
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  return { child, ran, ended }
}

describe('the launcher', () => {
  it('runs the command line itself on a new Node', async () => {
    const { ran, ended } = start(launcher, ['--version'], { old: false })
    expect(await ended).toBe(0)
    expect(ran.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('on an older one hands over to the Node in node_modules, with arguments and exit code', async () => {
    const file = install('console.log(process.argv.slice(2).join()); process.exitCode = 7', { bundledNode: true })
    const { ran, ended } = start(file, ['a', 'b c'], { old: true })
    expect(await ended).toBe(7)
    expect(ran).toEqual({ stdout: 'a,b c\n', stderr: '' })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on and waits for the end', async signal => {
    const script = `process.on('${signal}', () => { console.log('draining'); process.exit(3) })
      process.channel.unref(); setInterval(() => undefined, 1000); console.log('up')`
    const { child, ran, ended } = start(install(script, { bundledNode: true }), [], { old: true })
    await expect.poll(() => ran.stdout, { timeout: 20_000 }).toBe('up\n')
    child.kill(signal)
    expect(await ended).toBe(3)
    expect(ran.stdout).toBe('up\ndraining\n')
  })

  it('leaves nothing running when it is killed hard', async () => {
    // What main.ts does; `close` comes only after the last process that holds stdout is gone.
    const script = `process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
      process.channel.unref(); setInterval(() => undefined, 1000); console.log('up')`
    const { child, ran, ended } = start(install(script, { bundledNode: true }), [], { old: true })
    await expect.poll(() => ran.stdout, { timeout: 20_000 }).toBe('up\n')
    child.kill('SIGKILL')
    expect(await ended).toBe(null)
  })

  it('says what it needs where there is no new Node', async () => {
    const { ran, ended } = start(install('', { bundledNode: false }), [], { old: true })
    expect(await ended).toBe(1)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toMatch(/^hatchway: needs Node 24 or newer, and this is v.*npm ci.*\n$/)
  })
})
