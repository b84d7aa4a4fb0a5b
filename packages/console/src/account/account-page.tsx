import { frameText } from '../frame/text.ts'
import { useText } from '../i18n/preferences.ts'
import { Facts, Page, Section } from '../parts/page.tsx'
import { Time } from '../parts/time.tsx'
import { useSession } from '../session/session.ts'
import { PasswordForm } from './password-form.tsx'
import { Sessions } from './sessions.tsx'
import { accountText } from './text.ts'

export function AccountPage() {
  const t = useText(accountText)
  const frame = useText(frameText)
  const { user, via, expiresAt } = useSession()
  return (
    <Page title={t.title}>
      <Section title={t.title}>
        <Facts
          items={[
            [t.name, <bdi key="name">{user.name}</bdi>],
            [t.role, frame[user.role]],
            [t.via, via === 'password' ? t.viaPassword : t.viaOidc],
            [t.expiresAt, <Time key="expires" at={expiresAt} />],
          ]}
        />
      </Section>
      {via === 'password' ? <PasswordForm /> : null}
      <Sessions />
    </Page>
  )
}
