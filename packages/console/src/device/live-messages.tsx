import { Button } from 'antd'
import { useEffect, useState } from 'react'
import type { Device } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { openEventChannel } from '../live/event-channel.ts'
import { Nothing, Section } from '../parts/page.tsx'
import { Time } from '../parts/time.tsx'
import { figure, sizeText } from '../parts/time-text.ts'
import { payloadText } from './payload-text.ts'
import { deviceText } from './text.ts'

interface DeviceMessage {
  at: string
  direction: 'up' | 'down'
  topic: string
  qos: number
  retain: boolean
  /** Base64, perhaps not all of it. */
  payload: string
  size: number
}

const MAX_MESSAGES = 200

/** What the device publishes and receives, while the page is open. */
export function LiveMessages({ device: { productKey, deviceName } }: { device: Device }) {
  const t = useText(deviceText)
  const { language } = usePreferences()
  const [messages, setMessages] = useState<readonly { key: number; message: DeviceMessage }[]>([])
  const [skipped, setSkipped] = useState(0)
  useEffect(() => {
    const path = [productKey, 'devices', deviceName, 'messages'].map(encodeURIComponent).join('/')
    const channel = openEventChannel(`/api/v1/products/${path}`, ['message', 'skipped'])
    let key = 0
    channel.on('message', message => {
      key += 1
      const item = { key, message: message as DeviceMessage }
      setMessages(shown => [item, ...shown].slice(0, MAX_MESSAGES))
    })
    channel.on('skipped', data => setSkipped(count => count + (data as { count: number }).count))
    return () => channel.close()
  }, [productKey, deviceName])
  const clear = (
    <Button size="small" disabled={messages.length === 0} onClick={() => setMessages([])}>
      {t.clearMessages}
    </Button>
  )
  return (
    <Section title={t.messages} actions={clear}>
      {skipped > 0 ? <p className="quiet">{t.skipped(figure(skipped, language))}</p> : null}
      {messages.length === 0 ? (
        <Nothing title={t.noMessages}>
          <p>{t.noMessagesFix}</p>
        </Nothing>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul className="messages" tabIndex={0} aria-label={t.messages}>
          {messages.map(({ key, message }) => (
            <li key={key}>
              <Message message={message} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function Message({ message: { at, direction, topic, qos, retain, payload, size } }: { message: DeviceMessage }) {
  const t = useText(deviceText)
  const { text, isBinary, shownBytes } = payloadText(payload)
  return (
    <>
      <div className="row">
        <Time at={at} />
        <span>
          {direction === 'up' ? '↑' : '↓'} {t[direction]}
        </span>
        <span className="quiet">
          QoS {qos}, {sizeText(size)}
          {retain ? `, ${t.retain}` : ''}
        </span>
      </div>
      <code dir="ltr">{topic}</code>
      {isBinary ? <div className="quiet">{t.binary}</div> : null}
      <pre className="payload">{text}</pre>
      {shownBytes < size ? <div className="quiet">{t.cut(sizeText(shownBytes), sizeText(size))}</div> : null}
    </>
  )
}
