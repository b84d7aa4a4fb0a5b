import { Component, type ReactNode } from 'react'
import { ProblemAlert } from '../parts/problem-alert.tsx'

/** What a page that fails looks like: React asks for a class here. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined }

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children
    return (
      <main className="narrow">
        <ProblemAlert error={this.state.error} onRetry={() => location.reload()} />
      </main>
    )
  }
}
