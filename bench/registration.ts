import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Child } from './child.ts'
import { formatSpread, processCpuUs, spreadOf } from './machine.ts'
import type { Load, Report } from './registration-load.ts'
import { decodeAndVerifyUs, storeUs } from './registration-parts.ts'

const SERVER_CORE = 0
const LOAD_CORE = 1
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const ADMIN_TOKEN = 'bench-admin-token-0123456789'
const IMPORT_ROWS = 5000

interface Options {
  count: number
  parallel: number
  repeats: number
  tlsVersion: Load['tlsVersion']
  mode: Load['mode']
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '3000' },
      parallel: { type: 'string', default: '64' },
      repeats: { type: 'string', default: '5' },
      tls: { type: 'string', default: '1.3' },
      mode: { type: 'string', default: 'register' },
    },
  })
  const bounded = (name: 'count' | 'parallel' | 'repeats', max: number): number => {
    const number = Number(values[name])
    if (!Number.isInteger(number) || number < 1 || number > max)
      throw new Error(`--${name}: give a number from 1 to ${max}`)
    return number
  }
  if (values.tls !== '1.2' && values.tls !== '1.3') throw new Error('--tls: give 1.2 or 1.3')
  if (values.mode !== 'register' && values.mode !== 'regnwl') throw new Error('--mode: give register or regnwl')
  return {
    count: bounded('count', 50_000),
    parallel: bounded('parallel', 512),
    repeats: bounded('repeats', 20),
    tlsVersion: `TLSv${values.tls}`,
    mode: values.mode,
  }
}

interface Ready {
  mqtt: readonly string[]
  http: string
  ca: string
}

/** Server CPU per registration beside a bare TLS accept, in turn within one run, and where it goes. */
export async function run(args: readonly string[]): Promise<void> {
  const options = optionsOf(args)
  const dataDir = mkdtempSync(join(tmpdir(), 'hatchway-bench-'))
  const serve = [
    'serve',
    '--json',
    '--data-dir',
    dataDir,
    '--mqtt-port',
    '0',
    '--mqtt-host',
    '127.0.0.1',
    '--http-port',
    '0',
  ]
  const hatchway = new Child(SERVER_CORE, path('../packages/server/bin/hatchway.js'), [
    ...serve,
    ...['--admin-token', ADMIN_TOKEN, '--log-level', 'warn'],
  ])
  let bare: Child | undefined
  try {
    const ready = await hatchway.message<Ready>()
    const certificates = ['server-rsa.pem', 'server-rsa-key.pem', 'server-ec.pem', 'server-ec-key.pem']
    bare = new Child(
      SERVER_CORE,
      path('bare-tls-server.ts'),
      certificates.map(file => join(dataDir, file)),
    )
    const barePort = (await bare.message<{ port: number }>()).port
    await measure({ options, hatchway, bare, barePort, ready })
  } finally {
    await Promise.all([hatchway.stop(), bare?.stop()])
    rmSync(dataDir, { recursive: true })
  }
}

interface Bench {
  options: Options
  hatchway: Child
  bare: Child
  barePort: number
  ready: Ready
}

async function measure({ options, hatchway, bare, barePort, ready }: Bench): Promise<void> {
  const rounds = options.repeats + 1 // the first warms both up and is not counted
  const product = await prepare(ready.http, options, rounds)
  const base = {
    caFile: ready.ca,
    count: options.count,
    parallel: options.parallel,
    tlsVersion: options.tlsVersion,
    mode: options.mode,
  }
  const port = Number(new URL(ready.mqtt[0] ?? '').port)
  const bareUs: number[] = []
  const ourUs: number[] = []
  const generatorLoads: number[] = []
  for (let round = 0; round < rounds; round++) {
    const shared = { ...base, ...product, firstDevice: round * options.count }
    const ofBare = await cpuPerOperation(bare, { ...shared, port: barePort, answers: false })
    const ofOurs = await cpuPerOperation(hatchway, { ...shared, port, answers: true })
    if (round === 0) continue
    bareUs.push(ofBare.us)
    ourUs.push(ofOurs.us)
    generatorLoads.push(ofOurs.report.cpuSeconds / ofOurs.report.seconds)
  }
  await report({ options, bareUs, ourUs, generatorLoads })
}

async function cpuPerOperation(server: Child, load: Load): Promise<{ us: number; report: Report }> {
  const before = processCpuUs(server.pid)
  const generator = new Child(LOAD_CORE, path('registration-load.ts'), [JSON.stringify(load)])
  const report = await generator.message<Report>()
  if (report.failed > 0) throw new Error(`${report.failed} of ${report.done} devices were not answered`)
  return { us: (processCpuUs(server.pid) - before) / report.done, report }
}

async function prepare(
  http: string,
  options: Options,
  rounds: number,
): Promise<{ productKey: string; productSecret: string }> {
  const call = async (route: string, body: string, contentType: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': contentType }
    const response = await fetch(`${http}/api/v1${route}`, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`POST ${route}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  const settings = { name: 'bench', dynamicRegistration: true, preregistrationFree: true }
  const product = (await call('/products', JSON.stringify(settings), 'application/json')) as {
    productKey: string
    productSecret: string
  }
  const total = options.mode === 'register' ? options.count * rounds : 0
  for (let first = 0; first < total; first += IMPORT_ROWS) {
    const names = Array.from({ length: Math.min(IMPORT_ROWS, total - first) }, (_, index) => `bench${first + index}`)
    await call(`/products/${product.productKey}/imports`, names.join('\n'), 'text/csv')
  }
  return product
}

interface Figures {
  options: Options
  bareUs: readonly number[]
  ourUs: readonly number[]
  generatorLoads: readonly number[]
}

async function report({ options, bareUs, ourUs, generatorLoads }: Figures): Promise<void> {
  const ratios = ourUs.map((us, index) => us / (bareUs[index] ?? Number.NaN))
  const decode = decodeAndVerifyUs()
  const store = await storeUs(options.parallel)
  const rest = spreadOf(ourUs).median - spreadOf(bareUs).median - decode - store
  const shape = `${options.mode}, ${options.tlsVersion}, ECDSA P-256, ${options.parallel} at a time, ${options.repeats} x ${options.count}`
  console.log(`Registration (${shape}); server CPU us each, median (min-max)`)
  console.log(`  bare tls.createServer, accept and close  ${formatSpread(spreadOf(bareUs))}`)
  console.log(`  Hatchway, durable registration           ${formatSpread(spreadOf(ourUs))}`)
  console.log(`  ratio                                    ${formatSpread(spreadOf(ratios), 2)}`)
  console.log(
    `  of which: TLS (the bare peer) ${spreadOf(bareUs).median.toFixed(0)}, decode and verify ${decode.toFixed(1)},`,
  )
  console.log(`            store ${store.toFixed(1)}, rest ${rest.toFixed(0)}`)
  console.log(`  load of the generator's core: ${formatSpread(spreadOf(generatorLoads), 2)}`)
}
