import { type ReactNode, useEffect } from 'react'

interface PageProps {
  title: string
  /** Shown instead of the title's text, such as a name with its copy button. */
  heading?: ReactNode
  lead?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

export function Page({ title, heading, lead, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Hatchway`
  }, [title])
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{heading ?? title}</h1>
          {lead === undefined ? null : <p className="lead">{lead}</p>}
        </div>
        <div className="page-actions">{actions}</div>
      </header>
      {children}
    </>
  )
}

/** A part of a page under a heading of its own. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <div className="section-head">
        <h2>{title}</h2>
        <div className="page-actions">{actions}</div>
      </div>
      {children}
    </section>
  )
}

/** What to do when there is nothing to show. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  )
}

/** Names with their values. */
export function Facts({ items }: { items: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
