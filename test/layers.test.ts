import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs the layer check on a small tree made of these files. */
function check(files: Record<string, string>): { status: number | null; stdout: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hatchway-layers-'))
  try {
    cpSync(join(root, '.dependency-cruiser.cjs'), join(folder, '.dependency-cruiser.cjs'))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, 'packages/server/src', path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
    const depcruise = join(root, 'node_modules/.bin/depcruise')
    const { status, stdout } = spawnSync(
      process.execPath,
      [depcruise, '--config', '.dependency-cruiser.cjs', 'packages'],
      { cwd: folder, encoding: 'utf8' },
    )
    return { status, stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the layer check', () => {
  it('accepts an import that points down', () => {
    expect(
      check({
        'gateway/a.ts': "import { b } from '../mqtt/b.ts'\nexport const a = b\n",
        'mqtt/b.ts': 'export const b = 1\n',
      }).status,
    ).toBe(0)
  })

  it('refuses an import that points up, of a type too', () => {
    const { status, stdout } = check({
      'mqtt/b.ts': "import type { A } from '../gateway/a.ts'\nexport const b: A = 1\n",
      'gateway/a.ts': 'export type A = number\n',
    })
    expect({ passed: status === 0, named: stdout.includes('mqtt-imports-down-only') }).toEqual({
      passed: false,
      named: true,
    })
  })

  it('refuses a circle', () => {
    const { status, stdout } = check({
      'http/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
      'http/b.ts': "import { a } from './a.ts'\nexport const b = () => a\n",
    })
    expect({ passed: status === 0, named: stdout.includes('no-circular') }).toEqual({ passed: false, named: true })
  })
})
