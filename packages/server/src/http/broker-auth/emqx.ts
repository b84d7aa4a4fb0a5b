import type { BrokerAdapter } from './adapter.ts'
import { oneOf, optionalText, text } from './fields.ts'

// login:  POST {"clientid","username","password","peerhost"?}            -> 200 {"result":"allow"|"deny","is_superuser":false}
// access: POST {"clientid","username","topic","action","peerhost"?}      -> 200 {"result":"allow"|"deny"}

/**
 * EMQX 5 and later, HTTP authenticator and authorizer; the fields are those of the body templates in the docs. Every answer
 * is status 200: EMQX takes any other for `ignore`, and what all authorizers ignore is allowed by its default.
 */
export const emqx: BrokerAdapter = {
  parts: [''],
  read({ body }) {
    const userName = optionalText(body, 'username')
    const address = optionalText(body, 'peerhost')
    if (body['action'] === undefined && body['topic'] === undefined) {
      const clientId = optionalText(body, 'clientid')
      return { kind: 'login', clientId, userName, password: optionalText(body, 'password'), address }
    }
    const action = oneOf(body, 'action', ['publish', 'subscribe'])
    return { kind: 'access', userName, action, topics: [text(body, 'topic')], address }
  },
  reply({ isAllowed }) {
    return { status: 200, body: { result: isAllowed ? 'allow' : 'deny', is_superuser: false } }
  },
  refuse: ({ message }) => ({ status: 200, body: { result: 'deny', is_superuser: false, message } }),
}
