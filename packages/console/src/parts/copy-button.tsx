import { CheckOutlined, CopyOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { useEffect, useState } from 'react'
import { useText } from '../i18n/preferences.ts'
import { copyText } from './clipboard.ts'
import { partsText } from './text.ts'

const SHOWN_MS = 2000

/** @param what names the thing for screen readers */
export function CopyButton({ text, what, label }: { text: string; what: string; label?: string }) {
  const t = useText(partsText)
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isCopied])
  return (
    <Button
      size="small"
      type={label === undefined ? 'text' : 'default'}
      icon={isCopied ? <CheckOutlined /> : <CopyOutlined />}
      {...(label === undefined ? { 'aria-label': isCopied ? t.copied : t.copyOf(what), title: t.copyOf(what) } : {})}
      onClick={() => copyText(text).then(() => setCopied(true))}
    >
      {label === undefined ? null : isCopied ? t.copied : label}
    </Button>
  )
}

/** A key, name or fingerprint in fixed-width letters, with its copy button. */
export function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <span className="copyable">
      <code dir="ltr">{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  )
}

export function CodeBlock({ code, what }: { code: string; what: string }) {
  return (
    <div className="code-block">
      <CopyButton text={code} what={what} />
      <CodeText code={code} what={what} />
    </div>
  )
}

export function CodeText({ code, what }: { code: string; what: string }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="code" tabIndex={0} aria-label={what}>
        <pre dir="ltr">{code}</pre>
      </section>
    </>
  )
}
