import { parseSync } from '@swc/core'

const testFunctions = new Set(['describe', 'it', 'test'])
const placeholder = /%[sijd]|\$name/

type Tree = Readonly<Record<string, unknown>>

/** A text of a test file that can be part of a test's name. */
export interface Title {
  readonly text: string
  /** With the titles around it; the text of a table's row stands in their `%s` or `$name`. */
  readonly whole: string
}

export function titlesIn(source: string): readonly Title[] {
  const titles: Title[] = []
  visit(parseSync(source, { syntax: 'typescript' }), [], titles)
  return titles
}

function visit(node: unknown, path: readonly string[], titles: Title[]): void {
  if (Array.isArray(node)) {
    for (const one of node) visit(one, path, titles)
    return
  }
  if (!isTree(node)) return
  const text = textOf(node)
  if (text !== undefined) {
    titles.push({ text, whole: joined(path, text) })
    return
  }
  const title = node['type'] === 'CallExpression' && isTest(node['callee']) ? textOf(firstArgument(node)) : undefined
  for (const child of Object.values(node)) visit(child, title === undefined ? path : [...path, title], titles)
}

/** A title met on the way down to itself is not said twice. */
function joined(path: readonly string[], text: string): string {
  const last = path.at(-1)
  if (last === undefined) return text
  const before = path.slice(0, -1)
  if (last === text) return [...before, text].join(' › ')
  const filled = placeholder.test(last) ? [last.replace(placeholder, () => text)] : [last, text]
  return [...before, ...filled].join(' › ')
}

function textOf(node: unknown): string | undefined {
  if (!isTree(node)) return undefined
  if (node['type'] === 'StringLiteral') return String(node['value'])
  if (node['type'] !== 'TemplateLiteral') return undefined
  const quasis = node['quasis'] as readonly Tree[]
  return quasis.map(({ cooked }) => String(cooked)).join('…')
}

function firstArgument(call: Tree): unknown {
  const [first] = call['arguments'] as readonly Tree[]
  return first?.['expression']
}

/** `it`, `it.each(…)`, `describe.each(…)` and the like. */
function isTest(callee: unknown): boolean {
  if (!isTree(callee)) return false
  if (callee['type'] === 'Identifier') return testFunctions.has(String(callee['value']))
  if (callee['type'] === 'MemberExpression') return isTest(callee['object'])
  return callee['type'] === 'CallExpression' && isTest(callee['callee'])
}

const isTree = (node: unknown): node is Tree => typeof node === 'object' && node !== null
