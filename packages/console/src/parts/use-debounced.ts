import { useEffect, useEffectEvent, useRef, useState } from 'react'

const DELAY_MS = 250

/** A text that is typed: shown at once, told when the typing rests. A change from outside replaces it. */
export function useDebounced(value: string, tell: (value: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value)
  const told = useRef(value)
  const tellNow = useEffectEvent(tell)
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setText(value)
  }, [value])
  useEffect(() => {
    if (text === told.current) return
    const timer = setTimeout(() => {
      told.current = text
      tellNow(text)
    }, DELAY_MS)
    return () => clearTimeout(timer)
  }, [text])
  return [text, setText]
}
