import { Problem } from '../problem.ts'
import type { BrokerAdapter, BrokerReply } from './adapter.ts'
import { optionalText, text } from './fields.ts'

// user:      POST username, password, clientid
// superuser: POST username
// acl:       POST username, clientid, topic, acc (1 read, 2 write, 3 both, 4 subscribe)
// yes: status 200 and {"ok":true,"error":""}, to a form `ok`; no: status 403 and {"ok":false,"error":"…"}, to a form the error

/** mosquitto-go-auth’s HTTP backend. Nobody is a superuser. The status alone is enough for its response mode `status`. */
export const mosquittoGoAuth: BrokerAdapter = {
  parts: ['user', 'superuser', 'acl'],
  read({ part, body }) {
    const userName = optionalText(body, 'username')
    switch (part) {
      case 'superuser':
        return { kind: 'settled', isAllowed: false }
      case 'acl':
        return {
          kind: 'access',
          userName,
          action: actionOf(body['acc']),
          topics: [text(body, 'topic')],
          address: undefined,
        }
      default: {
        const clientId = optionalText(body, 'clientid')
        return { kind: 'login', clientId, userName, password: optionalText(body, 'password'), address: undefined }
      }
    }
  },
  reply({ isAllowed, isRetryable = false, reason = 'not allowed' }, { isForm }) {
    if (isAllowed) return bodyOf(200, '', isForm)
    return bodyOf(isRetryable ? 503 : 403, reason, isForm)
  },
  refuse: ({ status, message }, isForm) => bodyOf(status, message, isForm),
}

const bodyOf = (status: number, error: string, isForm: boolean): BrokerReply => {
  const ok = status === 200
  return { status, body: isForm ? (ok ? 'ok' : error) : { ok, error } }
}

/** A message that is about to be delivered counts as a subscription to its topic. To read and write at once is nobody’s right. */
function actionOf(acc: unknown): 'publish' | 'subscribe' {
  switch (String(acc)) {
    case '1':
    case '4':
      return 'subscribe'
    case '2':
      return 'publish'
    default:
      throw new Problem('field-invalid', {
        field: 'acc',
        detail: 'acc is none of 1 (read), 2 (write) and 4 (subscribe).',
        fix: 'Let the plugin ask about one of these.',
      })
  }
}
