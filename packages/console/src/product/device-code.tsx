import { Button, Radio } from 'antd'
import { useState } from 'react'
import { useText } from '../i18n/preferences.ts'
import { CodeBlock, CodeText, CopyButton } from '../parts/copy-button.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { useMay } from '../session/session.ts'
import { EXAMPLES } from './examples.ts'
import { type ConnectValues, type ExampleKind, fillExample } from './fill-example.ts'
import { type SecretState, useProductSecret } from './secret.tsx'
import { productText } from './text.ts'

/** Code with this product's values, the secret when it is asked for, and how to run it. */
export function DeviceCode(values: Omit<ConnectValues, 'productSecret'>) {
  const t = useText(productText)
  const secret = useProductSecret(values.productKey)
  const [kind, setKind] = useState<ExampleKind>('node')
  const example = EXAMPLES.find(candidate => candidate.kind === kind)
  if (example === undefined) throw new Error(`there is no example of the kind ${kind}`)
  const { label, file, free, preregistered, run } = example
  const filled = { ...values, productSecret: secret.secret ?? t.placeholder }
  const code = fillExample(kind, values.isFree ? free : preregistered, filled)
  const what = t.codeOf(label)
  return (
    <div className="stack">
      <SecretInCode secret={secret} />
      <div className="row spread">
        <Radio.Group
          optionType="button"
          buttonStyle="solid"
          aria-label={t.step2}
          value={kind}
          options={EXAMPLES.map(({ kind: value, label: name }) => ({ value, label: name }))}
          onChange={event => setKind(event.target.value)}
        />
        <CopyButton text={code} what={what} label={secret.secret === undefined ? t.copyWithoutSecret : t.copyCode} />
      </div>
      <CodeText code={code} what={what} />
      <div className="stack-tight">
        <span>
          {t[`needs-${kind}`]} {run === null ? null : t.saveAs(file)}
        </span>
        {run === null ? null : <CodeBlock code={run} what={t.runLine} />}
        {run === null ? null : <span className="quiet">{t.keeps}</span>}
      </div>
    </div>
  )
}

function SecretInCode({ secret: { secret, isPending, error, show } }: { secret: SecretState }) {
  const t = useText(productText)
  const mayAdminister = useMay('administer')
  if (secret !== undefined) return <p className="quiet">{t.secretShown}</p>
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
