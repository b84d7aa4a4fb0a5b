import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    reporters: ['default', './scripts/closing-line-reporter.ts'],
    setupFiles: ['./test/harness/property-seed.ts'],
    pool: 'forks',
    // Many tests wait for processes of their own most of the time.
    maxWorkers: availableParallelism(),
    // Only what hangs may reach these: a machine that is busy with something else is no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 10 } },
    passWithNoTests: false,
    allowOnly: false,
  },
})
