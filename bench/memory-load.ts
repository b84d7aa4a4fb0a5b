import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, createSecureContext } from 'node:tls'
import { connectBytes, type Login, PacketCounter } from './mqtt-bytes.ts'

/** Idle connections of the memory benchmark. Argument: a file with JSON of `MemoryLoad`. Prints `{"connected":n}`, then holds them. */
export interface MemoryLoad {
  port: number
  /** TLS with this CA instead of plain TCP. */
  caFile: string | null
  logins: readonly Login[]
  parallel: number
}

const KEEP_ALIVE_SECONDS = 600
const LATER = 3
const ATTEMPTS = 10
const RETRY_MS = 500
const LOAD = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as MemoryLoad
const secureContext = LOAD.caFile === null ? undefined : createSecureContext({ ca: readFileSync(LOAD.caFile) })

function open(): Socket {
  const to = { port: LOAD.port, host: '127.0.0.1' }
  if (secureContext === undefined) return connectTcp(to)
  // The certificate of a peer may be for another name; its chain is not what is measured.
  return connectTls({ ...to, secureContext, checkServerIdentity: () => undefined })
}

/** As a device does when the server says "later" (code 3): tries again. */
async function connect(login: Login): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const code = await connectOnce(login)
    if (code === 0) return
    if (code !== LATER || attempt === ATTEMPTS) throw new Error(`CONNECT was answered by ${code}`)
    await sleep(RETRY_MS)
  }
}

function connectOnce(login: Login): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = open()
    const counter = new PacketCounter({
      onPublish: () => {},
      onPuback: () => {},
      onOther: (_, code) => resolve(code),
    })
    socket.setNoDelay(true)
    socket.on('data', chunk => counter.feed(chunk as Buffer))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed a connection')))
    socket.once(secureContext === undefined ? 'connect' : 'secureConnect', () => {
      socket.write(connectBytes(login, true, KEEP_ALIVE_SECONDS))
    })
  })
}

let next = 0
await Promise.all(
  Array.from({ length: LOAD.parallel }, async () => {
    for (let login = LOAD.logins[next++]; login !== undefined; login = LOAD.logins[next++]) await connect(login)
  }),
)
process.stdout.write(`${JSON.stringify({ connected: LOAD.logins.length })}\n`)
process.once('SIGTERM', () => process.exit(0))
