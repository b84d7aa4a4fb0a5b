import { configOptions } from '../packages/server/src/app/options.ts'
import { code, markdownTable } from './docs-markers.ts'

const shown = (value: unknown): string => {
  if (value === null) return 'unset'
  return code(Array.isArray(value) ? value.join(',') : String(value))
}

/** Every setting of `hatchway serve`, in the order of its table. */
export function settingsTable(): string {
  const rows = configOptions.map(({ name, env, flag, description, default: value }) => [
    `${code(flag)}<br>${code(env)}<br>${code(name)}`,
    shown(value),
    description,
  ])
  return markdownTable(['flag, variable, key of the file', 'default', 'meaning'], rows)
}
