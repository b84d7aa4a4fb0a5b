import { useMutation } from '@tanstack/react-query'
import { Button } from 'antd'
import { api, resultOf } from '../api/client.ts'
import { useText } from '../i18n/preferences.ts'
import { Copyable } from '../parts/copy-button.tsx'
import { ProblemAlert } from '../parts/problem-alert.tsx'
import { useMay } from '../session/session.ts'
import { productText } from './text.ts'

export interface SecretState {
  /** Undefined until it was asked for. */
  secret: string | undefined
  error: unknown
  isPending: boolean
  show: () => void
}

/** The product's secret, asked for only when the user wants to see it; kept as long as the page. */
export function useProductSecret(productKey: string): SecretState {
  const { data, error, isPending, mutate } = useMutation({
    mutationFn: () => resultOf(api.GET('/api/v1/products/{pk}/secret', { params: { path: { pk: productKey } } })),
  })
  return { secret: data?.productSecret, error, isPending, show: () => mutate() }
}

export function Secret({ secret: { secret, error, isPending, show } }: { secret: SecretState }) {
  const t = useText(productText)
  const mayAdminister = useMay('administer')
  if (!mayAdminister) return <span className="quiet">{t.secretAdminOnly}</span>
  if (secret !== undefined) return <Copyable text={secret} what={t.productSecret} />
  return (
    <div className="stack-tight">
      <div>
        <Button size="small" loading={isPending} onClick={show}>
          {t.showSecret}
        </Button>
      </div>
      <span className="quiet">{t.secretAudited}</span>
      <ProblemAlert error={error} />
    </div>
  )
}
