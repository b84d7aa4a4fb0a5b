import { CheckCircleOutlined, CloseCircleOutlined } from '@ant-design/icons'
import { Alert } from 'antd'
import type { Explanation } from '../api/types.ts'
import { usePreferences, useText } from '../i18n/preferences.ts'
import { Mistakes, SignedText } from '../journal/entry-details.tsx'
import { Facts, Section } from '../parts/page.tsx'
import { explainText } from './text.ts'

/** What the server would answer, the mistake that explains it, and every check in its order. */
export function Verdict({ explanation }: { explanation: Explanation }) {
  const t = useText(explainText)
  const { language } = usePreferences()
  const { decision, sentence, fix, steps, mistakes, signedText, signMethod } = explanation
  const isRefused = decision === 'would-refuse'
  return (
    <Section title={t.verdict}>
      <div className="stack" aria-live="polite">
        <Alert
          type={isRefused ? 'error' : 'success'}
          showIcon
          title={t[decision]}
          description={
            <>
              <p>{sentence[language]}</p>
              {isRefused ? <p>{fix[language]}</p> : null}
            </>
          }
        />
        <Mistakes mistakes={mistakes} reason={explanation.reason} />
        <SignedText text={signedText} method={signMethod} mode={explanation.mode} />
        <div>
          <h3>{t.steps}</h3>
          <ol className="steps">
            {steps.map(({ step, ok, sentence: text }) => (
              <li key={step}>
                {ok ? (
                  <CheckCircleOutlined className="mark-ok" aria-label={t.passed} />
                ) : (
                  <CloseCircleOutlined className="mark-bad" aria-label={t.failed} />
                )}
                <span>{text[language]}</span>
              </li>
            ))}
          </ol>
        </div>
        <Facts
          items={[
            [t.product, <bdi key="pk">{explanation.productKey ?? t.unknown}</bdi>],
            [t.device, <bdi key="dn">{explanation.deviceName ?? t.unknown}</bdi>],
            [t.mode, explanation.mode ?? t.unknown],
            [t.connack, `${explanation.connackCode} (0x${explanation.mqtt5ReasonCode.toString(16).padStart(2, '0')})`],
            [t.retryable, explanation.retryable ? t.retryableYes : t.retryableNo],
          ]}
        />
      </div>
    </Section>
  )
}
