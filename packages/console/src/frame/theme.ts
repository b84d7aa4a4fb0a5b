import { type ThemeConfig, theme } from 'antd'

const FONT =
  "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
const CODE_FONT = "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace"

const SHARED = { fontFamily: FONT, fontFamilyCode: CODE_FONT, borderRadius: 6, motion: false } as const

/** The library's own greys and blue miss the contrast of WCAG AA for small text; these keep it. */
export const LIGHT: ThemeConfig = {
  algorithm: theme.defaultAlgorithm,
  token: {
    ...SHARED,
    colorPrimary: '#0b5fd0',
    colorLink: '#0b5fd0',
    colorError: '#c9252d',
    colorTextSecondary: 'rgba(0,0,0,0.68)',
    colorTextTertiary: 'rgba(0,0,0,0.62)',
    colorTextDescription: 'rgba(0,0,0,0.64)',
    colorTextPlaceholder: 'rgba(0,0,0,0.58)',
    colorBgLayout: '#f4f6f9',
  },
}

export const DARK: ThemeConfig = {
  algorithm: theme.darkAlgorithm,
  token: {
    ...SHARED,
    colorPrimary: '#2b74e0',
    colorLink: '#7db4ff',
    colorLinkHover: '#a9ceff',
    colorError: '#ff8a8e',
    colorTextSecondary: 'rgba(255,255,255,0.72)',
    colorTextTertiary: 'rgba(255,255,255,0.66)',
    colorTextDescription: 'rgba(255,255,255,0.68)',
    colorTextPlaceholder: 'rgba(255,255,255,0.62)',
    colorBgLayout: '#0d1117',
    colorBgContainer: '#161b22',
    colorBgElevated: '#1c232d',
  },
  components: {
    Button: { dangerColor: '#2a0506' },
    Tabs: { itemSelectedColor: '#7db4ff', itemHoverColor: '#a9ceff', inkBarColor: '#7db4ff' },
  },
}
