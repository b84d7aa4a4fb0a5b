import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leashed } from '../../scripts/leashed.ts'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const readDocument = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** What a reader is given: the pages at the top and in docs/, decision records apart. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'README.zh-CN.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]

export interface CodeBlock {
  language: string
  content: string
  /** The heading that it stands under. */
  heading: string
}

/** Fenced blocks, those in lists without their indentation. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let heading = ''
  for (const match of markdown.matchAll(/^#+ (.*)$|^( *)```(\w*)\n([\s\S]*?)^\2```$/gm)) {
    const [, title, indentation = '', language = '', body = ''] = match
    if (title !== undefined) heading = title
    else blocks.push({ language, heading, content: body.replaceAll(new RegExp(`^${indentation}`, 'gm'), '') })
  }
  return blocks
}

/** The text outside of fenced blocks. */
export const prose = (markdown: string): string => markdown.replaceAll(/^( *)```\w*\n[\s\S]*?^\1```$/gm, '')

export interface Ran {
  code: number | null
  /** Standard output and standard error in the order in which they came. */
  output: string
}

export async function runBash(script: string, options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Ran> {
  const child = spawn(...leashed('bash', ['-c', `exec 2>&1\n${script}`]), {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output }
}

/** Text as a reader takes it: line breaks and indentation don't matter. */
export const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()
