import { type RefObject, useEffect, useRef, useState } from 'react'

const TABLE_HEAD_PX = 55
const PAGE_FOOT_PX = 32
const LEAST_PX = 320

/** How high a list may be so that it ends where the window does. */
export function useTableHeight(): { place: RefObject<HTMLDivElement | null>; height: number } {
  const place = useRef<HTMLDivElement>(null)
  const [height, setHeight] = useState(LEAST_PX)
  useEffect(() => {
    const measure = (): void => {
      const top = place.current === null ? 0 : place.current.getBoundingClientRect().top + window.scrollY
      setHeight(Math.max(LEAST_PX, window.innerHeight - top - TABLE_HEAD_PX - PAGE_FOOT_PX))
    }
    measure()
    window.addEventListener('resize', measure)
    return () => window.removeEventListener('resize', measure)
  }, [])
  return { place, height }
}
