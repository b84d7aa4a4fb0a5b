import { Button } from 'antd'
import { Link } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { Entrance } from './entrance.tsx'
import { sessionText } from './text.ts'

/** For whoever opens the link of the first start once more. */
export function SetupDone({ isSignedIn }: { isSignedIn: boolean }) {
  const t = useText(sessionText)
  return (
    <Entrance title={t.setupDone} lead={t.setupDoneFix}>
      <Link href="/" asChild>
        <Button type="primary" block>
          {isSignedIn ? t.openConsole : t.signIn}
        </Button>
      </Link>
    </Entrance>
  )
}
