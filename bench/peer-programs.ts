import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The brokers that Hatchway is measured beside. */
export const PEERS = ['mosquitto', 'nats', 'aedes'] as const
export type PeerName = (typeof PEERS)[number]

interface PeerProgram {
  command: string
  debianPackage: string
  versionOf: (output: string) => string | undefined
  versionArg: string
}

const PROGRAMS: Readonly<Partial<Record<PeerName, PeerProgram>>> = {
  mosquitto: {
    command: 'mosquitto',
    debianPackage: 'mosquitto',
    versionArg: '-h',
    versionOf: output => /mosquitto version (\S+)/.exec(output)?.[1],
  },
  nats: {
    command: 'nats-server',
    debianPackage: 'nats-server',
    versionArg: '--version',
    versionOf: output => /nats-server: v?(\S+)/.exec(output)?.[1],
  },
}

/** Debian puts servers where only root's PATH looks. */
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` })

export function pathOf(peer: PeerName): string {
  const command = PROGRAMS[peer]?.command ?? peer
  const found = spawnSync('sh', ['-c', `command -v ${command}`], { env: environment(), encoding: 'utf8' })
  return found.stdout.trim() || command
}

export function versionOf(peer: PeerName): string | undefined {
  const program = PROGRAMS[peer]
  if (program === undefined) {
    const manifest = new URL('package.json', `file://${createRequire(import.meta.url).resolve(peer)}`)
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  }
  const { stdout, stderr } = spawnSync(program.command, [program.versionArg], { env: environment(), encoding: 'utf8' })
  return program.versionOf(`${stdout ?? ''}${stderr ?? ''}`)
}

/**
 * Sees to it that the peers are there: on Debian as root by installing them, elsewhere by saying what to install.
 *
 * @throws Error with one sentence when one is missing
 */
export function bringPeers(peers: readonly PeerName[]): Record<string, string> {
  const missing = (): PeerName[] => peers.filter(peer => versionOf(peer) === undefined)
  const packages = missing().map(peer => PROGRAMS[peer]?.debianPackage ?? peer)
  if (packages.length > 0 && existsSync('/etc/debian_version') && process.getuid?.() === 0) install(packages)
  const still = missing()
  if (still.length > 0) {
    throw new Error(
      `The benchmark measures ${still.join(' and ')} too: install ${still.join(' and ')} ` +
        `(Debian packages ${still.map(peer => PROGRAMS[peer]?.debianPackage ?? peer).join(', ')}), or leave it out by --peers.`,
    )
  }
  return Object.fromEntries(peers.map(peer => [peer, versionOf(peer) ?? '']))
}

function install(packages: readonly string[]): void {
  console.error(`Installing what is measured beside Hatchway: ${packages.join(', ')}`)
  // RUNLEVEL keeps the packages' own services from starting: only the benchmark's processes are wanted.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const options: SpawnSyncOptions = { stdio: ['ignore', 'ignore', 'inherit'], env }
  spawnSync('apt-get', ['update', '-qq'], options)
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
}
