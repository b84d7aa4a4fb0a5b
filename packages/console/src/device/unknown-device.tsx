import { Button } from 'antd'
import { Link } from 'wouter'
import { productPath } from '../frame/pages.ts'
import { useText } from '../i18n/preferences.ts'
import { Nothing, Page, Section } from '../parts/page.tsx'
import { deviceText } from './text.ts'

/** For a name that has no device: the journal, which may have led here, knows names of refused ones too. */
export function UnknownDevice({ productKey, deviceName }: { productKey: string; deviceName: string }) {
  const t = useText(deviceText)
  return (
    <Page title={deviceName} heading={<bdi>{deviceName}</bdi>}>
      <Section title={t.noDevice}>
        <Nothing title={t.noDeviceFix}>
          <div className="row centred">
            <Link href={`/journal?${new URLSearchParams({ product: productKey, device: deviceName })}`} asChild>
              <Button type="primary">{t.itsJournal}</Button>
            </Link>
            <Link href={productPath(productKey)} asChild>
              <Button>{t.itsProduct}</Button>
            </Link>
          </div>
        </Nothing>
      </Section>
    </Page>
  )
}
