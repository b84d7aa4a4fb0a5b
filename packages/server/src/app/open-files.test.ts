import { describe, expect, it } from 'vitest'
import { loadConfig } from './config.ts'
import { withinOpenFiles } from './open-files.ts'
import type { Config } from './options.ts'

const UPSTREAM = 'mqtt://user:password@127.0.0.1'

const within = (limit: number | undefined, flags: Record<string, unknown> = {}) => {
  const config: Config = loadConfig({ flags, env: {}, cwd: '/' })
  const { config: fitting, warnings } = withinOpenFiles(config, limit)
  return { maxConnections: fitting.maxConnections, warnings }
}

describe('open connections', () => {
  it.each([
    ['with room for all', 262_144, {}, 100_000],
    ['where the limit is not told', undefined, {}, 100_000],
    ['keep a share free for the rest', 20_000, {}, 18_800],
    ['keep a quarter free where files are few', 1000, {}, 750],
    ['have two files each with an upstream', 20_000, { upstreamUrl: UPSTREAM }, 9400],
    ['have two files each in one worker', 20_000, { workers: '1' }, 9400],
    ['have one file each in the main process of many workers', 20_000, { workers: '8' }, 18_800],
    [
      'have two files each in the main process of workers with an upstream',
      20_000,
      { workers: '8', upstreamUrl: UPSTREAM },
      9400,
    ],
    ['keep enough free for a start', 256, {}, 128],
    ['are one at least', 1, {}, 1],
  ])('%s', (_, limit, flags, maxConnections) => {
    expect(within(limit, flags)).toEqual({ maxConnections, warnings: [] })
  })

  it('are fewer than asked for with a word only', () => {
    const asked = { maxConnections: '5000' }
    expect(within(8000, asked)).toEqual({ maxConnections: 5000, warnings: [] })
    const { maxConnections, warnings } = within(4096, asked)
    expect(maxConnections).toBe(3072)
    expect(warnings).toEqual([expect.stringMatching(/HATCHWAY_MAX_CONNECTIONS is 5000, .* 4096 .* 3072 .*LimitNOFILE/)])
  })
})
