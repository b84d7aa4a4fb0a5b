import { SearchOutlined } from '@ant-design/icons'
import { Input, type InputRef } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useLocation } from 'wouter'
import { useText } from '../i18n/preferences.ts'
import { frameText } from './text.ts'

const isEditable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable="true"]') !== null

/** Finds devices from any page; `/` goes there, Escape leaves. */
export function DeviceSearch() {
  const t = useText(frameText)
  const [, go] = useLocation()
  const [search, setSearch] = useState('')
  const input = useRef<InputRef>(null)
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isEditable(event.target)) return
      event.preventDefault()
      input.current?.focus({ cursor: 'all' })
    }
    document.addEventListener('keydown', focus)
    return () => document.removeEventListener('keydown', focus)
  }, [])
  return (
    <Input
      ref={input}
      className="device-search"
      prefix={<SearchOutlined />}
      placeholder={t.searchHint}
      aria-label={t.search}
      value={search}
      maxLength={32}
      onChange={event => setSearch(event.target.value)}
      onPressEnter={() => {
        go(`/devices?${new URLSearchParams({ search: search.trim() })}`)
        input.current?.blur()
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          setSearch('')
          input.current?.blur()
        }
      }}
    />
  )
}
