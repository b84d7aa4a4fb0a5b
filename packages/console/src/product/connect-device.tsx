import { isDeviceName } from '@hatchway/protocol/names'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Input, Radio } from 'antd'
import { useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { Product } from '../api/types.ts'
import { deviceQuery } from '../device/device-query.ts'
import { useText } from '../i18n/preferences.ts'
import { CodeBlock } from '../parts/copy-button.tsx'
import { Section } from '../parts/page.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { useMay } from '../session/session.ts'
import { systemQuery } from '../settings/system-query.ts'
import { Arrival } from './arrival.tsx'
import { EXAMPLES } from './examples.ts'
import { type ConnectValues, type ExampleKind, fillExample } from './fill-example.ts'
import { addressOf } from './mqtt-address.ts'
import { type SecretState, useProductSecret } from './secret.tsx'
import { productText } from './text.ts'

const FIRST_NAME = 'sensor-0001'

/** From a name to a device that is online, on one page. */
export function ConnectDevice({ product }: { product: Product }) {
  const t = useText(productText)
  const [deviceName, setDeviceName] = useState(FIRST_NAME)
  const [chosenHost, setHost] = useState<string>()
  const secret = useProductSecret(product.productKey)
  const { data: system } = useQuery(systemQuery)
  const { data: ca, error } = useQuery({ queryKey: ['ca'], queryFn: fetchCa, staleTime: Number.POSITIVE_INFINITY })
  const { host, port, names } = addressOf(system, location.hostname)
  const isNamed = isDeviceName(deviceName)
  return (
    <>
      {product.dynamicRegistration ? null : (
        <Alert type="warning" showIcon title={t.switchIsOff} description={t.switchIsOffFix} className="section" />
      )}
      <Section title={t.step1}>
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
          <label className="stack-tight">
            <span>{t.host}</span>
            <Input
              value={chosenHost ?? host}
              maxLength={253}
              spellCheck={false}
              onChange={event => setHost(event.target.value.trim())}
            />
            <span className="quiet">
              {names.length === 0 || names.includes(chosenHost ?? host)
                ? t.hostHelp(names.join(', '))
                : `${t.hostNotInCertificate} ${t.hostHelp(names.join(', '))}`}
            </span>
          </label>
        </div>
        {product.preregistrationFree || !isNamed ? null : (
          <Preregistration productKey={product.productKey} deviceName={deviceName} />
        )}
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
        <div className="stack">
          <SecretInCode secret={secret} />
          <Code
            values={{
              host: chosenHost ?? host,
              port,
              productKey: product.productKey,
              productSecret: secret.secret ?? t.placeholder,
              deviceName,
              ca: ca ?? '',
              isFree: product.preregistrationFree,
            }}
          />
        </div>
      </Section>
      <Section title={t.step3}>
        {isNamed ? (
          <Arrival key={deviceName} productKey={product.productKey} deviceName={deviceName} />
        ) : (
          t.deviceNameBad
        )}
      </Section>
    </>
  )
}

async function fetchCa(): Promise<string> {
  return resultOf(api.GET('/ca.pem', { parseAs: 'text' }))
}

function SecretInCode({ secret: { secret, isPending, error, show } }: { secret: SecretState }) {
  const t = useText(productText)
  const mayAdminister = useMay('administer')
  if (secret !== undefined) return null
  if (!mayAdminister) return <p className="quiet">{t.secretHiddenViewer}</p>
  return (
    <div className="stack">
      <div className="row">
        <Button type="primary" loading={isPending} onClick={show}>
          {t.showSecret}
        </Button>
        <span className="quiet grow">
          {t.secretHidden} {t.secretAudited}
        </span>
      </div>
      <ProblemAlert error={error} />
    </div>
  )
}

function Code({ values }: { values: ConnectValues }) {
  const t = useText(productText)
  const [kind, setKind] = useState<ExampleKind>('node')
  const example = EXAMPLES.find(candidate => candidate.kind === kind)
  if (example === undefined) throw new Error(`there is no example of the kind ${kind}`)
  const { label, file, free, preregistered, run } = example
  return (
    <div className="stack">
      <Radio.Group
        optionType="button"
        aria-label={t.step2}
        value={kind}
        options={EXAMPLES.map(({ kind: value, label: name }) => ({ value, label: name }))}
        onChange={event => setKind(event.target.value)}
      />
      <CodeBlock code={fillExample(kind, values.isFree ? free : preregistered, values)} what={t.codeOf(label)} />
      {run === null ? (
        <p>{kind === 'c' ? t.runC : t.runArduino}</p>
      ) : (
        <div className="stack-tight">
          <span>{t.saveAs(file)}</span>
          <CodeBlock code={run} what={t.saveAs(file)} />
        </div>
      )}
    </div>
  )
}

function Preregistration({ productKey, deviceName }: { productKey: string; deviceName: string }) {
  const t = useText(productText)
  const client = useQueryClient()
  const mayOperate = useMay('operate')
  const { data } = useQuery(deviceQuery(productKey, deviceName))
  const { mutate, isPending, error } = useMutation({
    mutationFn: () =>
      resultOf(
        api.POST('/api/v1/products/{pk}/devices', { params: { path: { pk: productKey } }, body: { deviceName } }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['device', productKey, deviceName] }),
  })
  if (data !== undefined) return <p className="quiet">{t.exists}</p>
  return (
    <div className="stack">
      <div className="row">
        <span>{t.mustExist}</span>
        <Button disabled={!mayOperate} loading={isPending} onClick={() => mutate()}>
          {t.createDevice}
        </Button>
      </div>
      <ProblemAlert error={error} />
    </div>
  )
}
