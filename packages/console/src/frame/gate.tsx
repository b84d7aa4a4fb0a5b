import { useQuery } from '@tanstack/react-query'
import { Spin } from 'antd'
import { useLocation } from 'wouter'
import { isProblem } from '../api/problem.ts'
import { LiveProvider } from '../live/live-provider.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { SessionContext, sessionQuery } from '../session/session.ts'
import { SetupPage } from '../session/setup-page.tsx'
import { SignInPage } from '../session/sign-in-page.tsx'
import { Shell } from './shell.tsx'

/** Nothing but signing in before somebody is signed in. */
export function Gate() {
  const [path] = useLocation()
  const { data, error, refetch } = useQuery(sessionQuery)
  if (path === '/setup') return <SetupPage />
  if (isProblem(error, 'not-signed-in')) return <SignInPage problem={error} />
  if (data !== undefined) {
    return (
      <SessionContext value={data}>
        <LiveProvider>
          <Shell />
        </LiveProvider>
      </SessionContext>
    )
  }
  if (error === null) return <Spin className="waiting" />
  return (
    <main className="narrow">
      <ProblemAlert error={error} onRetry={() => void refetch()} />
    </main>
  )
}
