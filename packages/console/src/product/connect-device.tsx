import { isDeviceName } from '@hatchway/protocol/names'
import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Input } from 'antd'
import { useState } from 'react'
import { Link } from 'wouter'
import { api, resultOf } from '../api/client.ts'
import type { Product } from '../api/types.ts'
import { productPath } from '../frame/pages.ts'
import { useText } from '../i18n/preferences.ts'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { systemQuery } from '../settings/system-query.ts'
import { Arrival } from './arrival.tsx'
import { DeviceCode } from './device-code.tsx'
import { addressOf, isThisMachine } from './mqtt-address.ts'
import { Preregistration } from './preregistration.tsx'
import { productText } from './text.ts'

const FIRST_NAME = 'sensor-0001'
const MAX_HOST_LENGTH = 253

/** From a name to a device that is online, on one page. */
export function ConnectDevice({ product }: { product: Product }) {
  const t = useText(productText)
  const { productKey, preregistrationFree, dynamicRegistration } = product
  const [deviceName, setDeviceName] = useState(FIRST_NAME)
  const [chosenHost, setHost] = useState<string>()
  const { data: system } = useQuery(systemQuery)
  const { data: ca, error } = useQuery({ queryKey: ['ca'], queryFn: fetchCa, staleTime: Number.POSITIVE_INFINITY })
  const { host: likelyHost, port, names } = addressOf(system, location.hostname)
  const host = chosenHost ?? likelyHost
  const isNamed = isDeviceName(deviceName)
  return (
    <>
      {dynamicRegistration ? null : <SwitchIsOff productKey={productKey} />}
      <Section title={t.step1}>
        <div className="stack">
          <div className="columns">
            <label className="stack-tight">
              <span>{t.deviceName}</span>
              <Input
                value={deviceName}
                status={isNamed ? '' : 'error'}
                maxLength={32}
                spellCheck={false}
                onChange={event => setDeviceName(event.target.value)}
              />
              <span className="quiet">{isNamed ? t.deviceNameHelp : t.deviceNameBad}</span>
            </label>
            <HostField host={host} names={names} onChange={setHost} />
          </div>
          {preregistrationFree || !isNamed ? null : <Preregistration productKey={productKey} deviceName={deviceName} />}
        </div>
      </Section>
      <Section
        title={t.step2}
        actions={
          <Button size="small" href="/ca.pem" download="ca.pem">
            {t.downloadCa}
          </Button>
        }
      >
        <ProblemAlert error={error} />
        <DeviceCode {...{ host, port, productKey, deviceName }} ca={ca ?? ''} isFree={preregistrationFree} />
      </Section>
      <Section title={t.step3}>
        {isNamed ? <Arrival key={deviceName} productKey={productKey} deviceName={deviceName} /> : t.deviceNameBad}
      </Section>
    </>
  )
}

async function fetchCa(): Promise<string> {
  return resultOf(api.GET('/ca.pem', { parseAs: 'text' }))
}

function SwitchIsOff({ productKey }: { productKey: string }) {
  const t = useText(productText)
  const open = (
    <Link href={productPath(productKey, 'settings')} asChild>
      <Button>{t.openSettings}</Button>
    </Link>
  )
  return (
    <Alert
      type="warning"
      showIcon
      title={t.switchIsOff}
      description={t.switchIsOffFix}
      action={open}
      className="section"
    />
  )
}

interface HostFieldProps {
  host: string
  /** What the server's certificate is good for; empty while that is not known. */
  names: readonly string[]
  onChange: (host: string) => void
}

function HostField({ host, names, onChange }: HostFieldProps) {
  const t = useText(productText)
  const isKnown = names.length === 0 || names.includes(host)
  const hint = isThisMachine(host) ? t.hostLocal : null
  return (
    <label className="stack-tight">
      <span>{t.host}</span>
      <Input
        value={host}
        status={isKnown ? '' : 'warning'}
        maxLength={MAX_HOST_LENGTH}
        spellCheck={false}
        onChange={event => onChange(event.target.value.trim())}
      />
      {isKnown ? <span className="quiet">{hint ?? t.hostHelp(names.join(', '))}</span> : null}
      {isKnown ? null : <span role="alert">{t.hostNotInCertificate(host, names.join(', '))}</span>}
    </label>
  )
}
