import { createSqliteStore } from './sqlite-store.ts'

// Run as a process of its own: registers without end and prints each credential once its promise has resolved.

const [file = '', masterKeyHex = '', rulesModule = '', productKey = '', prefix = ''] = process.argv.slice(2)
const PARALLEL = 8

const store = await createSqliteStore({ file, masterKey: Buffer.from(masterKeyHex, 'hex'), rulesModule })

async function registerWithoutEnd(unit: number): Promise<never> {
  for (let made = 0; ; made++) {
    const deviceName = `${prefix}-${unit}-${made}`
    const clientId = `cid${prefix}${unit}${made}`
    const outcome = await store.register({
      mode: 'regnwl',
      productKey,
      deviceName,
      now: Date.now(),
      fresh: { clientId, tokenHash: clientId.padEnd(64, '0') },
      journal: {
        time: Date.now(),
        outcome: 'registered',
        reason: 'registered',
        productKey,
        deviceName,
        mode: 'regnwl',
        address: '192.0.2.1',
        transport: 'tls',
        tlsVersion: null,
        tlsCipher: null,
        mqttVersion: null,
        connackCode: 0,
        detail: null,
      },
    })
    if (!outcome.ok) throw new Error(outcome.reason)
    process.stdout.write(`${deviceName} ${clientId} ${outcome.journal.id}\n`)
  }
}

await Promise.all(Array.from({ length: PARALLEL }, (_, unit) => registerWithoutEnd(unit)))
