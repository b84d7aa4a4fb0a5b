import { useQuery } from '@tanstack/react-query'
import type { System } from '../api/types.ts'
import { useText } from '../i18n/preferences.ts'
import { Health } from '../parts/device-status.tsx'
import { Facts, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { systemQuery } from '../settings/system-query.ts'
import { overviewText } from './text.ts'

/** From here on a certificate's end is worth a look. */
const FEW_DAYS = 30

export function HealthFacts() {
  const t = useText(overviewText)
  const { data, error } = useQuery(systemQuery)
  return (
    <Section title={t.health}>
      <ProblemAlert error={error} />
      {data === undefined ? null : <Facts items={factsOf(data, t)} />}
    </Section>
  )
}

function factsOf({ storage, broker, gateways, certificates }: System, t: (typeof overviewText)['en']) {
  const state = (ok: boolean): string => (ok ? t.works : t.fails)
  return [
    [
      t.storage,
      <Health key="storage" ok={storage.ok}>
        {storage.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}: {storage.problem ?? state(storage.ok)}
      </Health>,
    ],
    [
      broker.kind === 'embedded' ? t.broker : t.upstream,
      broker.kind === 'embedded' ? (
        <Health key="broker" ok>
          {t.embedded}
        </Health>
      ) : (
        broker.upstream.map(({ host, ok }) => (
          <div key={host}>
            <Health ok={ok}>
              {host}: {state(ok)}
            </Health>
          </div>
        ))
      ),
    ],
    // A server with a registry of its own is its only gateway.
    ...(gateways.length === 0
      ? []
      : [
          [
            t.gateways,
            gateways.map(({ id, ok, self }) => (
              <div key={id}>
                <Health ok={ok}>
                  {id}
                  {self ? ` (${t.thisOne})` : ''}: {state(ok)}
                </Health>
              </div>
            )),
          ] as const,
        ]),
    [
      t.certificates,
      certificates.map(({ kind, sha256, daysLeft }) => (
        <div key={sha256}>
          <Health ok={daysLeft > FEW_DAYS}>
            {kind.toUpperCase()}: {daysLeft > 0 ? t.daysLeft(daysLeft) : t.expired}
          </Health>
        </div>
      )),
    ],
  ] as const
}
