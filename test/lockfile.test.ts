import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface LockedPackage {
  resolved?: string
  optionalDependencies?: Record<string, string>
}
const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, LockedPackage>
}

it('the lock file names no registry host', () => {
  const urls = Object.values(packages).flatMap(({ resolved }) => (resolved?.includes('://') ? [resolved] : []))
  expect(urls).toEqual([])
})

it('the lock file holds the packages of every platform, so that npm ci works on all of them', () => {
  const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      name => packages[`node_modules/${name}`] === undefined && packages[`${at}/node_modules/${name}`] === undefined,
    ),
  )
  expect(missing).toEqual([])
})
