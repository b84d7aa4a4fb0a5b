import { ownsClientId } from '../../onboarding/broker-login.ts'
import { Problem } from '../problem.ts'
import type { AccessQuestion, BrokerAdapter, BrokerRequest, LoginQuestion, SettledQuestion } from './adapter.ts'
import { oneOf, optionalText, text } from './fields.ts'

// Forms by POST, answered with `allow` or `deny`, status 200:
// user:     username, password, vhost, client_id (MQTT only)
// vhost:    username, vhost, ip
// resource: username, vhost, resource (exchange | queue), name, permission (configure | write | read)
// topic:    username, vhost, resource, name, permission (write | read), routing_key

const DEFAULT_VHOST = '/'
const DEFAULT_EXCHANGE = 'amq.topic'
/** What the MQTT plugin keeps for a client: queues of its subscriptions, one for each QoS, and of its will. */
const QUEUE_OF_CLIENT = /^mqtt-(?:subscription-(?<subscriber>.+)qos[01]|will-(?<owner>.+))$/s

/** RabbitMQ’s HTTP backend, for clients of its MQTT plugin. */
export function rabbitmq({ brokerClientIds }: { brokerClientIds: 'own' | 'any' }): BrokerAdapter {
  return {
    parts: ['user', 'vhost', 'resource', 'topic'],
    read(request) {
      switch (request.part) {
        case 'vhost':
          return { kind: 'settled', isAllowed: isOwnVhost(request) }
        case 'resource':
          return resource(request, brokerClientIds)
        case 'topic':
          return topic(request)
        default:
          return login(request)
      }
    },
    reply: ({ isAllowed }) => ({ status: 200, body: isAllowed ? 'allow' : 'deny' }),
    // Older versions know nothing but these two words, and take any other status for a failure of theirs.
    refuse: ({ status }) => ({ status: status === 401 || status === 403 ? status : 200, body: 'deny' }),
  }
}

const isOwnVhost = ({ body, query }: BrokerRequest): boolean => text(body, 'vhost') === (query.vhost ?? DEFAULT_VHOST)

function login({ body }: BrokerRequest): LoginQuestion {
  const userName = optionalText(body, 'username')
  if (userName?.split('&', 1)[0]?.includes('.') === true && userName.includes('&')) {
    throw new Problem('device-name-malformed', {
      field: 'username',
      detail: 'The DeviceName holds a dot, which RabbitMQ can not tell from a slash in a topic.',
      fix: 'Let this device log in to Hatchway, or choose a DeviceName without a dot.',
    })
  }
  const clientId = optionalText(body, 'client_id')
  return { kind: 'login', clientId, userName, password: optionalText(body, 'password'), address: undefined }
}

function resource(request: BrokerRequest, brokerClientIds: 'own' | 'any'): SettledQuestion {
  const { body, query } = request
  const name = text(body, 'name')
  const userName = text(body, 'username')
  const permission = oneOf(body, 'permission', ['configure', 'write', 'read'])
  if (!isOwnVhost(request)) return { kind: 'settled', isAllowed: false }
  switch (text(body, 'resource')) {
    case 'exchange': // which of its topics, is asked in a request of its own
      return { kind: 'settled', isAllowed: name === (query.exchange ?? DEFAULT_EXCHANGE) && permission !== 'configure' }
    case 'queue': {
      const { subscriber, owner } = QUEUE_OF_CLIENT.exec(name)?.groups ?? {}
      const clientId = subscriber ?? owner
      const isOwn = clientId !== undefined && ownsClientId(userName, clientId, brokerClientIds)
      return { kind: 'settled', isAllowed: isOwn }
    }
    default:
      return { kind: 'settled', isAllowed: false }
  }
}

function topic(request: BrokerRequest): AccessQuestion | SettledQuestion {
  const { body, query } = request
  const userName = text(body, 'username')
  const permission = oneOf(body, 'permission', ['write', 'read'])
  const key = text(body, 'routing_key')
  if (!isOwnVhost(request) || text(body, 'name') !== (query.exchange ?? DEFAULT_EXCHANGE)) {
    return { kind: 'settled', isAllowed: false }
  }
  const isRead = permission === 'read'
  const topics = [mqttTopic(key, isRead)]
  return { kind: 'access', userName, action: isRead ? 'subscribe' : 'publish', topics, address: undefined }
}

/** RabbitMQ routes by dots where MQTT has slashes, and `*` is its `+`. What is judged is what it routes by. */
const mqttTopic = (routingKey: string, isFilter: boolean): string => {
  const topic = routingKey.replaceAll('.', '/')
  return isFilter ? topic.replaceAll('*', '+') : topic
}
