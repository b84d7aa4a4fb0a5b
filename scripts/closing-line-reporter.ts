import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one plain line, `N passed, N failed, N skipped`, for people and scripts that read only the end of a log. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      const failedBefore = counts.failed
      for (const test of module.children.allTests()) counts[test.result().state] += 1
      // A file that broke outside its tests, while loading or in a hook, counts as one failure.
      if (module.state() === 'failed' && counts.failed === failedBefore) counts.failed += 1
    }
    counts.failed += unhandledErrors.length + counts.pending
    // After the default reporter's summary, which is written synchronously when the run ends.
    process.once('exit', () => {
      process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
    })
  }
}
