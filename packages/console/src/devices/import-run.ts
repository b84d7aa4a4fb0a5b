import { useRef, useState } from 'react'
import { api, resultOf } from '../api/client.ts'
import type { ImportRow } from '../api/types.ts'
import { csvParts } from './csv-parts.ts'

const ROWS_PER_PART = 250

export interface ImportState {
  phase: 'ready' | 'running' | 'done'
  /** Rows of the file. */
  total: number
  rows: readonly ImportRow[]
  created: number
  error: unknown
}

const READY: ImportState = { phase: 'ready', total: 0, rows: [], created: 0, error: undefined }

/** Sends a CSV part by part, so that its report grows while it runs. */
export function useImport() {
  const [state, setState] = useState(READY)
  const stop = useRef<AbortController>(null)
  const start = async (productKey: string, csv: string): Promise<void> => {
    const parts = csvParts(csv, ROWS_PER_PART)
    const stopping = new AbortController()
    stop.current = stopping
    setState({ ...READY, phase: 'running', total: parts.reduce((sum, part) => sum + part.rows, 0) })
    try {
      for (const { text, lineOffset } of parts) {
        if (stopping.signal.aborted) break
        const rows = await importPart(productKey, text)
        const own = rows.map(row => ({ ...row, line: row.line + lineOffset }))
        const created = own.filter(({ outcome }) => outcome === 'created').length
        setState(before => ({ ...before, rows: [...before.rows, ...own], created: before.created + created }))
      }
      setState(before => ({ ...before, phase: 'done' }))
    } catch (error) {
      setState(before => ({ ...before, phase: 'done', error }))
    }
  }
  return { state, start, stop: () => stop.current?.abort(), again: () => setState(READY) }
}

async function importPart(productKey: string, csv: string): Promise<readonly ImportRow[]> {
  const report = await resultOf(
    api.POST('/api/v1/products/{pk}/imports', {
      params: { path: { pk: productKey } },
      body: csv,
      bodySerializer: body => body,
      headers: { 'content-type': 'text/csv', accept: 'application/json' },
    }),
  )
  // The reply would be text only where lines were asked for.
  return typeof report === 'string' ? [] : report.rows
}
