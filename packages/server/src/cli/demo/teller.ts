import { printJson } from '../command.ts'
import type { Io } from '../io.ts'
import { type Paint, paintFor } from '../paint.ts'
import { printable, widthOf, wrap } from '../printable.ts'

/** One line of the story: a mark (`->` sent, `<-` received), a name and a value. */
export interface Line {
  mark?: '->' | '<-' | 'ok' | 'no'
  name: string
  value: string
}

export interface Chapter {
  /** For machines. */
  step: string
  title: string
  lines: readonly Line[]
  /** Further machine-readable facts. */
  facts?: Readonly<Record<string, unknown>>
}

/** Tells the story as it happens: numbered chapters for people, one JSON line a chapter for machines. */
export interface Teller {
  tell(chapter: Chapter): void
  say(text: string): void
}

const INDENT = '   '
const NAME_WIDTH = 14

export function createTeller(io: Io, json: boolean): Teller {
  const paint = paintFor(io)
  let number = 0
  return {
    tell: ({ step, title, lines, facts }) => {
      number++
      if (json) return printJson(io, { event: 'step', number, step, ok: true, title, lines, ...facts })
      const body = lines.map(line => lineText(line, io.columns, paint)).join('')
      io.stdout(`\n${paint.bold(`${String(number).padStart(2)} ${title}`)}\n${body}`)
    },
    say: text => {
      if (!json) io.stdout(text)
    },
  }
}

function lineText({ mark = undefined, name, value }: Line, columns: number, paint: Paint): string {
  const start = `${INDENT}${(mark ?? '').padEnd(2)} `
  const label = name.padEnd(NAME_WIDTH)
  const indent = ' '.repeat(start.length + label.length)
  const [first = '', ...rest] = breakText(printable(value), columns - indent.length)
  const painted = mark === 'ok' ? paint.good(start) : mark === 'no' ? paint.bad(start) : start
  return [`${painted}${paint.dim(label)}${first}`, ...rest.map(line => indent + line)]
    .map(line => `${line.trimEnd()}\n`)
    .join('')
}

/** Lines of at most `width` columns; what has no spaces is broken after a comma, or anywhere, so that nothing is lost. */
export function breakText(text: string, width: number): string[] {
  return wrap(text, width).flatMap(line => breakWord(line, width))
}

function breakWord(word: string, width: number): string[] {
  const lines: string[] = []
  let rest = word
  while (widthOf(rest) > width) {
    const comma = rest.slice(0, width).lastIndexOf(',')
    const end = comma > width / 2 ? comma + 1 : width
    lines.push(rest.slice(0, end))
    rest = rest.slice(end)
  }
  lines.push(rest)
  return lines
}
