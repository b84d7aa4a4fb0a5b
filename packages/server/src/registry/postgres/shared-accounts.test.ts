import { expect, test } from 'vitest'
import { createAccounts } from '../accounts/index.ts'
import { THE_SERVER, verifyAudit } from '../audit/index.ts'
import { createRegistry } from '../index.ts'
import type { RegistryChange } from '../registry.ts'
import { newNote } from '../store-audit.suite.ts'
import { NOW, StoreFixture } from '../store-fixture.suite.ts'
import { stores } from './stores.suite.ts'

const { server, open } = stores()
const VISITOR = { address: '192.0.2.1', userAgent: '' }
const PASSWORD = 'correct horse battery'
const soon = (read: () => unknown) => expect.poll(read)

async function gateway(url: string) {
  const registry = createRegistry({ store: await open(url), clock: () => NOW })
  const heard: RegistryChange[] = []
  registry.onChange(change => heard.push(change))
  const accounts = createAccounts({
    registry,
    clock: () => NOW,
    times: { idleMs: 1000, maxMs: 1000 },
    setupSecret: Buffer.alloc(32, 1),
    passwordCost: { ln: 4, r: 8, p: 1 },
    onError: error => {
      throw error
    },
  })
  return { registry, accounts, heard }
}

async function two() {
  const url = await server().database()
  return { url, one: await gateway(url), other: await gateway(url) }
}

test('a session of one gateway is good at the other, and ends there at once with whatever ends it', async () => {
  const { one, other } = await two()
  const { token } = await one.accounts.setupToken(THE_SERVER)
  // The link of one gateway works at the other.
  const root = await other.accounts.setUp({ token, name: 'root', password: PASSWORD }, VISITOR)
  const users = one.accounts.users.by(THE_SERVER)
  const ann = await users.create({ name: 'ann', role: 'viewer', password: PASSWORD })
  const ends: (() => Promise<unknown>)[] = [
    () => one.accounts.sessions.endAll(ann, THE_SERVER),
    () => users.update('ann', { role: 'operator' }),
    () => users.delete('ann'),
  ]
  for (const end of ends) {
    const signedIn = await one.accounts.signIn({ name: 'ann', password: PASSWORD }, VISITOR)
    const cookie = signedIn.ok ? signedIn.session.token : ''
    expect(await other.accounts.sessions.lasts(cookie)).toBe(true)
    other.heard.length = 0
    await end()
    await soon(() => other.accounts.sessions.lasts(cookie)).toBe(false)
    expect(other.heard).toMatchObject([{ kind: 'sessions-changed', userId: ann.id, elsewhere: true }])
  }
  expect(await one.accounts.sessions.lasts(root.token)).toBe(true)
})

test('of two gateways that set up at the same instant one makes the administrator', async () => {
  const { one, other } = await two()
  const { token } = await one.accounts.setupToken(THE_SERVER)
  const attempts = [one, other].map(({ accounts }, at) =>
    accounts.setUp({ token, name: `root${at}`, password: PASSWORD }, VISITOR),
  )
  const outcomes = await Promise.allSettled(attempts)
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(await one.registry.store.listUsers()).toHaveLength(1)
})

test('gateways write one chain, and it shows where the table was tampered with', async () => {
  const { url, one, other } = await two()
  const fixture = new StoreFixture(one.registry.store)
  const productKey = await fixture.productWith('dev1', 'dev2')
  const acts = Array.from({ length: 30 }, (_, at) => {
    const { store } = (at % 2 === 0 ? one : other).registry
    const kind = at % 4 < 2 ? 'disable' : 'enable'
    return [
      store.changeDevice(productKey, `dev${(at % 2) + 1}`, { kind }, newNote()),
      store.appendAudit([newNote()]),
      store.updateProduct(productKey, { name: `N${at}` }, NOW, newNote()),
    ]
  })
  await Promise.all(acts.flat())
  const verify = () => verifyAudit(other.registry.store)
  expect(await verify()).toMatchObject({ ok: true, entries: 90 })
  const tamper = (text: string) => server().query(text, { url })
  await tamper(`UPDATE hatchway.audit SET "after" = '{"disabled":true}' WHERE id = 40`)
  expect(await verify()).toMatchObject({ ok: false, entries: 39, firstBadId: 40 })
  await tamper('DELETE FROM hatchway.audit WHERE id = 12')
  expect(await verify()).toMatchObject({ ok: false, entries: 11, firstBadId: 12 })
})
