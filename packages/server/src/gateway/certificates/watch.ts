import { stat } from 'node:fs/promises'
import { type Certificates, renewBeforeMs } from './certificate-pair.ts'
import { type CertificateSource, filesOf, loadCertificates } from './load.ts'

export interface CertificateWatch {
  close(): void
}

export interface CertificateWatchOptions {
  source: CertificateSource
  /** What is in use now. */
  current: Certificates
  onChange: (certificates: Certificates) => void
  /** Called once for each broken state of the files; the certificates in use stay in use. */
  onError: (error: Error) => void
  clock: { now(): number }
  /** How often the files are looked at, ms. */
  intervalMs?: number
}

/**
 * Loads certificates anew when their files have changed, and local ones also when they are about to run out.
 * By asking rather than by fs.watch: that loses files which are replaced through symbolic links, as in Kubernetes.
 */
export function watchCertificates(options: CertificateWatchOptions): CertificateWatch {
  const { source, onChange, onError, clock, intervalMs = 5000 } = options
  const files = filesOf(source)
  let current = options.current
  let seen: string | undefined
  let problem = ''
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const look = async (): Promise<void> => {
    const state = (await Promise.all(files.map(stateOf))).join('\n')
    const dueForRenewal = 'dataDir' in source && current.notAfter.getTime() - clock.now() < renewBeforeMs
    // The first look reloads too: files may have changed since they were read.
    if (state === seen && !dueForRenewal) return
    const next = await loadCertificates(source, new Date(clock.now()))
    seen = (await Promise.all(files.map(stateOf))).join('\n') === state ? state : undefined
    problem = ''
    if (closed || JSON.stringify(next.fingerprints) === JSON.stringify(current.fingerprints)) return
    current = next
    onChange(next)
  }
  const report = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error)
    if (closed || text === problem) return
    problem = text
    onError(error instanceof Error ? error : new Error(text))
  }
  const schedule = (): void => {
    timer = setTimeout(() => {
      look()
        .catch(report)
        .finally(() => {
          if (!closed) schedule()
        })
    }, intervalMs)
    timer.unref()
  }
  schedule()
  return {
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** Changes whenever the file is written or replaced. */
async function stateOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file)
    return `${mtimeMs} ${size} ${ino}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable'
  }
}
