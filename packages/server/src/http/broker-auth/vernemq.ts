import { Problem } from '../problem.ts'
import type { AccessQuestion, BrokerAdapter, BrokerRequest } from './adapter.ts'
import { missing, optionalText, text } from './fields.ts'

// The header vernemq-hook names the hook; each has a twin for MQTT 5 whose name ends in _m5.
// auth_on_register:  {"client_id","username","password","peer_addr",…}        -> {"result":"ok"}
// auth_on_publish:   {"client_id","username","topic",…}                       -> {"result":"ok"}
// auth_on_subscribe: {"client_id","username","topics":[{"topic","qos",…}],…}  -> {"result":"ok","topics":[…]}
//   with qos 128 for each refused topic; _m5: {"result":"ok","modifiers":{"topics":[…]}} with qos 135
// no: {"result":{"error":"not_allowed"}}

const HOOKS = ['auth_on_register', 'auth_on_publish', 'auth_on_subscribe']
const MAX_TOPICS = 1000
const no = { error: 'not_allowed' } as const

/** VerneMQ’s webhooks. Every answer is status 200: that is what VerneMQ reads. */
export const vernemq: BrokerAdapter = {
  parts: [''],
  read({ body, hook = '' }) {
    const userName = optionalText(body, 'username')
    const address = optionalText(body, 'peer_addr')
    switch (hook.replace(/_m5$/, '')) {
      case 'auth_on_register': {
        const clientId = optionalText(body, 'client_id')
        return { kind: 'login', clientId, userName, password: optionalText(body, 'password'), address }
      }
      case 'auth_on_publish':
        return { kind: 'access', userName, action: 'publish', topics: [text(body, 'topic')], address }
      case 'auth_on_subscribe':
        return { kind: 'access', userName, action: 'subscribe', topics: topicsOf(body), address }
      default:
        throw new Problem('field-invalid', {
          field: 'vernemq-hook',
          detail: hook === '' ? 'The header vernemq-hook is missing.' : 'The header vernemq-hook names another hook.',
          fix: `Register this address for ${HOOKS.join(', ')} and their _m5 twins only.`,
        })
    }
  },
  reply({ isAllowed, topics }, { hook, body }) {
    if (topics !== undefined && hook?.startsWith('auth_on_subscribe') === true) return subscribed(topics, hook, body)
    return { status: 200, body: { result: isAllowed ? 'ok' : no } }
  },
  refuse: ({ message }) => ({ status: 200, body: { result: no, message } }),
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function entriesOf(body: BrokerRequest['body']): readonly Record<string, unknown>[] {
  const { topics } = body
  if (!Array.isArray(topics) || topics.length === 0) throw missing('topics')
  if (topics.length > MAX_TOPICS || !topics.every(isRecord)) {
    throw new Problem('field-invalid', {
      field: 'topics',
      detail: `topics is not a list of up to ${MAX_TOPICS} objects.`,
      fix: 'Let VerneMQ send what the client subscribes to.',
    })
  }
  return topics
}

const topicsOf = (body: BrokerRequest['body']): AccessQuestion['topics'] =>
  entriesOf(body).map(entry => text(entry, 'topic'))

/** Each topic by itself: a device whose SDK subscribes to many at once keeps those that are its own. */
function subscribed(allowed: readonly boolean[], hook: string, body: BrokerRequest['body']) {
  const isM5 = hook.endsWith('_m5')
  const topics = entriesOf(body).map((entry, index) =>
    allowed[index] === true ? entry : { topic: entry['topic'], qos: isM5 ? 135 : 128 },
  )
  if (allowed.every(Boolean)) return { status: 200, body: { result: 'ok' } }
  return { status: 200, body: isM5 ? { result: 'ok', modifiers: { topics } } : { result: 'ok', topics } }
}
