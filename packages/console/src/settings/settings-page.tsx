import { useQuery } from '@tanstack/react-query'
import { Button, Spin } from 'antd'
import type { System } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { Health } from '../parts/device-status.tsx'
import { Facts, Page, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { Time } from '../parts/time.tsx'
import { figure, sizeText } from '../parts/time-text.ts'
import { systemQuery } from './system-query.ts'
import { settingsText } from './text.ts'

const FEW_DAYS = 30
const NEARLY_FULL = 0.9

/** How the server runs; read only. */
export function SettingsPage() {
  const t = useText(settingsText)
  const { data, error, refetch } = useQuery(systemQuery)
  return (
    <Page title={t.title} lead={t.lead}>
      <ProblemAlert error={error} onRetry={() => void refetch()} />
      {data === undefined && error === null ? <Spin className="waiting" /> : null}
      {data === undefined ? null : (
        <>
          <div className="columns">
            <Server system={data} />
            <Endpoints system={data} />
            <Storage system={data} />
            <Gateways system={data} />
          </div>
          <Certificates certificates={data.certificates} />
          <Limits limits={data.limits} />
        </>
      )}
    </Page>
  )
}

function Server({ system }: { system: System }) {
  const t = useText(settingsText)
  return (
    <Section title={t.server}>
      <Facts
        items={[
          [t.version, system.version],
          [t.startedAt, <Time key="started" at={system.startedAt} />],
          [t.instanceId, system.instanceId ?? t.notSet],
          [t.workers, String(system.workers.length)],
        ]}
      />
    </Section>
  )
}

function Endpoints({ system: { endpoints } }: { system: System }) {
  const t = useText(settingsText)
  return (
    <Section title={t.endpoints}>
      <Facts items={endpoints.map(({ kind, url }) => [t[kind], <Copyable key={url} text={url} what={t[kind]} />])} />
    </Section>
  )
}

function Storage({ system: { storage } }: { system: System }) {
  const t = useText(settingsText)
  return (
    <Section title={t.storage}>
      <Facts
        items={[
          [t.kind, storage.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'],
          [t.place, <code key="place">{storage.detail}</code>],
          [
            t.state,
            <Health key="state" ok={storage.ok}>
              {storage.problem ?? (storage.ok ? t.works : t.fails)}
            </Health>,
          ],
          ...(storage.sizeBytes === null ? [] : [[t.size, sizeText(storage.sizeBytes)] as const]),
        ]}
      />
    </Section>
  )
}

function Gateways({ system: { broker, gateways } }: { system: System }) {
  const t = useText(settingsText)
  return (
    <Section title={t.gateways}>
      <Facts
        items={[
          [t.broker, t[broker.kind === 'embedded' ? 'embedded' : 'relay']],
          ...broker.upstream.map(
            ({ host, ok }) =>
              [
                host,
                <Health key={host} ok={ok}>
                  {ok ? t.works : t.fails}
                </Health>,
              ] as const,
          ),
          ...gateways.map(
            ({ id, ok, self, leasedUntil }) =>
              [
                self ? `${id} (${t.self})` : id,
                <Health key={id} ok={ok}>
                  <span>
                    {t.leasedUntil} <Time at={leasedUntil} />
                  </span>
                </Health>,
              ] as const,
          ),
        ]}
      />
    </Section>
  )
}

function Certificates({ certificates }: Pick<System, 'certificates'>) {
  const t = useText(settingsText)
  const download = (
    <Button size="small" href="/ca.pem" download="ca.pem">
      {t.downloadCa}
    </Button>
  )
  return (
    <Section title={t.certificates} actions={download}>
      <div className="stack">
        {certificates.map(({ kind, subject, names, notAfter, daysLeft, sha256 }) => (
          <div key={sha256}>
            <h3>{kind === 'ca' ? t.kindCa : kind.toUpperCase()}</h3>
            <Facts
              items={[
                [t.subject, subject],
                ...(names.length === 0 ? [] : [[t.names, names.join(', ')] as const]),
                [
                  t.validUntil,
                  <Health key="until" ok={daysLeft > FEW_DAYS}>
                    <span>
                      <Time at={notAfter} />, {daysLeft > 0 ? t.days(daysLeft) : t.expired}
                    </span>
                  </Health>,
                ],
                [t.fingerprint, <Copyable key="sha" text={sha256} what={t.fingerprint} />],
              ]}
            />
          </div>
        ))}
      </div>
    </Section>
  )
}

const LIMITS = ['connections', 'journal-entries', 'queued-bytes', 'retained-messages', 'retained-bytes'] as const
const isKnownLimit = (name: string): name is (typeof LIMITS)[number] => LIMITS.some(known => known === name)

function Limits({ limits }: Pick<System, 'limits'>) {
  const t = useText(settingsText)
  const { language } = usePreferences()
  const amount = (name: string, value: number): string =>
    name.endsWith('-bytes') ? sizeText(value) : figure(value, language)
  return (
    <Section title={t.limits}>
      <ul className="bars fill">
        {limits.map(({ name, used, limit, setting }) => (
          <li key={name}>
            <span className="bar-label">
              <span>
                {isKnownLimit(name) ? t[name] : name}{' '}
                {setting === null ? null : <small className="quiet">{t.setting(setting)}</small>}
              </span>
              <span>{t.of(amount(name, used), amount(name, limit))}</span>
            </span>
            <meter min={0} max={limit} high={limit * NEARLY_FULL} value={used} aria-label={name} />
          </li>
        ))}
      </ul>
    </Section>
  )
}
