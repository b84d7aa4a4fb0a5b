import { isReasonCode, reason } from '@hatchway/protocol/reasons'
import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useState } from 'react'
import type { Device, JournalEntry } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { EntryDetails, Outcome } from '../journal/entry-details.tsx'
import type { JournalFilters } from '../journal/filters.ts'
import { useJournal } from '../journal/journal-query.ts'
import { DeviceStatus } from '../parts/device-status.tsx'
import { Nothing, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { connectionsQuery } from './device-query.ts'
import { deviceText } from './text.ts'
import { type Milestone, type TimelineItem, timelineOf } from './timeline-items.ts'

/** What happened to the device, newest first. */
export function Timeline({ device }: { device: Device }) {
  const { productKey, deviceName } = device
  const t = useText(deviceText)
  const parts = useText(partsText)
  const [filters] = useState<JournalFilters>({
    product: productKey,
    device: deviceName,
    outcome: undefined,
    reason: undefined,
    since: undefined,
  })
  const { entries, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } = useJournal(filters, false)
  const connections = useQuery(connectionsQuery(productKey, deviceName))
  const items = timelineOf({ device, connections: connections.data?.items ?? [], entries })
  return (
    <Section title={t.timeline}>
      <p className="quiet">{t.timelineHelp}</p>
      <ProblemAlert error={error ?? connections.error} />
      {items.length === 0 && !isPending ? (
        <Nothing title={t.noTimeline}>
          <p>{t.noTimelineFix}</p>
        </Nothing>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul className="messages" tabIndex={0} aria-label={t.timeline}>
          {items.map(item => (
            <li key={item.key}>
              <Item item={item} />
            </li>
          ))}
        </ul>
      )}
      {hasNextPage ? (
        <Button block loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {parts.loadMore}
        </Button>
      ) : null}
    </Section>
  )
}

function Item({ item }: { item: TimelineItem }) {
  if (item.kind === 'entry') return <Entry entry={item.entry} />
  if (item.kind === 'milestone') return <MilestoneRow milestone={item.milestone} />
  return item.kind === 'came' ? <Came {...item} /> : <Went {...item} />
}

function MilestoneRow({ milestone: { what, time, clientId } }: { milestone: Milestone }) {
  const t = useText(deviceText)
  return (
    <div className="row">
      <Time at={time} />
      <span className="wrapped">
        {t[what]} {clientId === undefined ? null : <code>{clientId}</code>}
      </span>
    </div>
  )
}

function Came({ time, connection, tookOver }: Extract<TimelineItem, { kind: 'came' }>) {
  const t = useText(deviceText)
  const { address, transport, clientId } = connection
  return (
    <div className="row">
      <Time at={time} />
      <DeviceStatus status="ONLINE" />
      <span className="wrapped">
        {tookOver ? t.tookOver : ''}
        {t.came(address ?? t.unknown, transport?.toUpperCase() ?? t.unknown)}{' '}
        {clientId === null ? null : <code>{clientId}</code>}
      </span>
    </div>
  )
}

/** Ends that are no reasons: nothing was refused. */
const OWN_ENDS = ['client-disconnected', 'connection-lost', 'gateway-gone'] as const

function Went({ time, connection: { end } }: Extract<TimelineItem, { kind: 'went' }>) {
  const t = useText(deviceText)
  const { language } = usePreferences()
  const endText = (code: string): string => {
    if (isReasonCode(code)) return reason(code)[language]
    const own = OWN_ENDS.find(name => name === code)
    return own === undefined ? code : t[own] // a code may be of a newer server
  }
  return (
    <div className="row">
      <Time at={time} />
      <DeviceStatus status="OFFLINE" />
      <span className="wrapped">{end === null ? '' : endText(end)}</span>
    </div>
  )
}

function Entry({ entry }: { entry: JournalEntry }) {
  const t = useText(deviceText)
  const { language } = usePreferences()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <div className="row">
        <Time at={entry.time} />
        <Outcome outcome={entry.outcome} />
        <Button type="link" className="link-button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {entry.sentence[language]} {t.from(entry.address)}
        </Button>
      </div>
      {isOpen ? <EntryDetails entry={entry} /> : null}
    </>
  )
}
