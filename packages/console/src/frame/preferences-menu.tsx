import { BulbOutlined, TranslationOutlined } from '@ant-design/icons'
import { Button, Dropdown } from 'antd'
import { LANGUAGES } from '../i18n/bilingual.ts'
import { THEMES, usePreferences, useText } from '../i18n/preferences.ts'
import { frameText } from './text.ts'

// Each in its own language, so that everyone finds it.
const LANGUAGE_NAMES = { en: 'English', zh: '中文' } as const
const THEME_LABELS = { system: 'themeSystem', light: 'themeLight', dark: 'themeDark' } as const

export function PreferencesMenu() {
  const t = useText(frameText)
  const { language, setLanguage, theme, setTheme } = usePreferences()
  const languages = LANGUAGES.map(key => ({ key, label: LANGUAGE_NAMES[key], onClick: () => setLanguage(key) }))
  const themes = THEMES.map(key => ({ key, label: t[THEME_LABELS[key]], onClick: () => setTheme(key) }))
  return (
    <>
      <Dropdown trigger={['click']} menu={{ items: languages, selectedKeys: [language] }}>
        <Button type="text" icon={<TranslationOutlined />} aria-label={t.language} title={t.language} />
      </Dropdown>
      <Dropdown trigger={['click']} menu={{ items: themes, selectedKeys: [theme] }}>
        <Button type="text" icon={<BulbOutlined />} aria-label={t.theme} title={t.theme} />
      </Dropdown>
    </>
  )
}
