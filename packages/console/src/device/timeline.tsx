import { Button } from 'antd'
import { useState } from 'react'
import type { Device, JournalEntry } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { EntryDetails, Outcome } from '../journal/entry-details.tsx'
import type { JournalFilters } from '../journal/filters.ts'
import { useJournal } from '../journal/journal-query.ts'
import { useLive } from '../live/live.ts'
import { DeviceStatus } from '../parts/device-status.tsx'
import { Nothing, Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { partsText } from '../parts/text.ts'
import { Time } from '../parts/time.tsx'
import { deviceText } from './text.ts'
import { type Milestone, milestonesOf, type TimelineItem, type TimelinePresence, timelineOf } from './timeline-items.ts'

const MAX_PRESENCES = 100

/** What happened to the device, newest first. */
export function Timeline({ device }: { device: Device }) {
  const { productKey, deviceName, status } = device
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
  // As they were when the page was opened: what comes later is told while it happens.
  const [milestones] = useState(() => milestonesOf(device))
  const [presences, setPresences] = useState<readonly TimelinePresence[]>([])
  useLive('presence', event => {
    if (event.productKey !== productKey || event.deviceName !== deviceName) return
    setPresences(shown => {
      const isTakeOver = event.status === 'ONLINE' && (shown[0]?.status ?? status) === 'ONLINE'
      return [{ ...event, isTakeOver }, ...shown].slice(0, MAX_PRESENCES)
    })
  })
  const items = timelineOf(entries, presences, milestones)
  return (
    <Section title={t.timeline}>
      <p className="quiet">{t.timelineHelp}</p>
      <ProblemAlert error={error} />
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
  if (item.kind === 'presence') return <Presence event={item.presence} />
  return <MilestoneRow milestone={item.milestone} />
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

function Presence({ event: { status, time, address, isTakeOver } }: { event: TimelinePresence }) {
  const t = useText(deviceText)
  return (
    <div className="row">
      <Time at={time} />
      <DeviceStatus status={status} />
      <span>
        {isTakeOver ? t.tookOver : ''} {address === null ? '' : t.from(address)}
      </span>
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
