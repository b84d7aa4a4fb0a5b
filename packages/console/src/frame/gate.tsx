import { useQuery } from '@tanstack/react-query'
import { Spin } from 'antd'
import { useLocation } from 'wouter'
import { ApiProblem, isProblem } from '../api/problem.ts'
import { LiveProvider } from '../live/live-provider.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { SessionContext, sessionQuery } from '../session/session.ts'
import { SetupDone } from '../session/setup-done.tsx'
import { SetupPage } from '../session/setup-page.tsx'
import { SignInPage } from '../session/sign-in-page.tsx'
import { Shell } from './shell.tsx'

/** Nothing but signing in before somebody is signed in. */
export function Gate() {
  const [path] = useLocation()
  const { data, error, refetch } = useQuery(sessionQuery)
  if (path === '/setup') return isSetUp(data, error) ? <SetupDone isSignedIn={data !== undefined} /> : <SetupPage />
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

/** Whoever is not signed in is told by the server whether there is a first password to set. */
const isSetUp = (session: unknown, problem: unknown): boolean =>
  session !== undefined ||
  (problem instanceof ApiProblem && problem.code === 'not-signed-in' && problem.document['setup'] !== true)
