import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { postgresPrograms } from './postgres-programs.ts'

/** A program that the tests drive as a user would, and the Debian package that brings it. */
interface Prerequisite {
  name: string
  debianPackage: string
  present: () => boolean
}

const runs = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).error === undefined

/** Where Debian has RabbitMQ's own start script; the one on the PATH would start the service of the system. */
export const RABBITMQ_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/** Where Debian has Chromium, in which the console is tested. */
export const CHROMIUM = '/usr/bin/chromium'

const PREREQUISITES: readonly Prerequisite[] = [
  { name: 'openssl', debianPackage: 'openssl', present: () => runs('openssl', 'version') },
  {
    name: 'mosquitto_pub and mosquitto_sub',
    debianPackage: 'mosquitto-clients',
    present: () => runs('mosquitto_pub', '--help'),
  },
  { name: 'haproxy', debianPackage: 'haproxy', present: () => serverProgram('haproxy', '-v') !== undefined },
  { name: 'mosquitto', debianPackage: 'mosquitto', present: () => serverProgram('mosquitto', '-h') !== undefined },
  {
    name: 'NATS',
    debianPackage: 'nats-server',
    present: () => serverProgram('nats-server', '--version') !== undefined,
  },
  { name: 'RabbitMQ', debianPackage: 'rabbitmq-server', present: () => existsSync(RABBITMQ_SERVER) },
  { name: 'Paho for Python', debianPackage: 'python3-paho-mqtt', present: () => pythonWithPaho() !== undefined },
  { name: 'Chromium', debianPackage: 'chromium', present: () => existsSync(CHROMIUM) },
  { name: 'PostgreSQL', debianPackage: 'postgresql', present: () => postgresPrograms() !== undefined },
]

/** How to call a server: Debian puts it into a folder that only root has on the PATH. `arg` makes it say something and end. */
export function serverProgram(name: string, arg: string): string | undefined {
  return [name, `/usr/sbin/${name}`].find(program => runs(program, arg))
}

/** Path of the Python that can import Paho: the one on the PATH, or the system's where another one stands before it. */
export function pythonWithPaho(): string | undefined {
  for (const python of ['python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, ['-c', 'import paho.mqtt.client, sys; print(sys.executable)'], {
      encoding: 'utf8',
    })
    if (status === 0) return stdout.trim()
  }
  return undefined
}

/**
 * Makes sure that what the tests need is there: on Debian as root by installing it, elsewhere by saying what to install.
 *
 * @returns an error sentence, or undefined when all is there
 */
export function bringPrerequisites(): string | undefined {
  const missing = PREREQUISITES.filter(part => !part.present())
  if (missing.length === 0) return undefined
  const packages = missing.map(part => part.debianPackage)
  const canInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0
  if (canInstall) {
    console.log(`Installing what the tests need: ${packages.join(', ')}`)
    const options: SpawnSyncOptions = {
      stdio: ['ignore', 'ignore', 'inherit'],
      // RUNLEVEL keeps the packages' own services from starting: the tests start copies of their own.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    }
    spawnSync('apt-get', ['update', '-qq'], options)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
  }
  const stillMissing = PREREQUISITES.filter(part => !part.present())
  if (stillMissing.length === 0) return undefined
  const list = stillMissing.map(part => `${part.name} (Debian package ${part.debianPackage})`).join(', ')
  return `The tests need ${list}. Install what is missing and run npm test again.`
}
