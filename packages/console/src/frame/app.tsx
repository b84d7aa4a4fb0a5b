import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { App as AntApp, ConfigProvider } from 'antd'
import enUS from 'antd/es/locale/en_US'
import zhCN from 'antd/es/locale/zh_CN'
import { useState } from 'react'
import { ApiProblem, isProblem, Unreachable } from '../api/problem.ts'
import { usePreferences } from '../i18n/preferences.ts'
import { SESSION_KEY } from '../session/session.ts'
import { ErrorBoundary } from './error-boundary.tsx'
import { Gate } from './gate.tsx'
import { DARK, LIGHT } from './theme.ts'

const LOCALES = { en: enUS, zh: zhCN } as const
const RETRIES = 2
const RETRY_AFTER_MS = 2000

/** Whoever is signed out meanwhile, elsewhere or by time, is asked to sign in again wherever the page notices it. */
const createClient = (): QueryClient => {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isProblem(error, 'not-signed-in') && query.queryKey[0] !== SESSION_KEY[0]) {
          void client.invalidateQueries({ queryKey: SESSION_KEY })
        }
      },
    }),
    defaultOptions: {
      queries: {
        // What the server refuses, it refuses again; what does not arrive may arrive later.
        retry: (count, error) =>
          (error instanceof Unreachable || (error instanceof ApiProblem && error.status === 503)) && count < RETRIES,
        retryDelay: RETRY_AFTER_MS,
        staleTime: 5000,
      },
    },
  })
  return client
}

export function App() {
  const { language, isDark } = usePreferences()
  const [client] = useState(createClient)
  return (
    <ConfigProvider
      locale={LOCALES[language]}
      theme={isDark ? DARK : LIGHT}
      wave={{ disabled: true }}
      button={{ autoInsertSpace: false }}
    >
      <AntApp component={false}>
        <ErrorBoundary>
          <QueryClientProvider client={client}>
            <Gate />
          </QueryClientProvider>
        </ErrorBoundary>
      </AntApp>
    </ConfigProvider>
  )
}
