import type { FastifyReply, FastifyRequest } from 'fastify'
import { problemOf, sendProblem } from '../failures.ts'
import type { Api, HttpParts } from '../parts.ts'
import type { BrokerReply } from './adapter.ts'
import { createAnswers, unreadableEntry } from './answer.ts'
import { letBrokersIn } from './caller.ts'
import { checkPart, type KnownBroker, knownBrokers } from './known-brokers.ts'
import { acceptJsonAndForms, type BrokerParams, isForm, readRequest } from './request.ts'
import { schemaOf } from './schema.ts'

/** Beside a payload, which VerneMQ sends in base64 unless told not to. */
const MAX_FIELDS_BYTES = 16_384

/** Where other MQTT brokers ask whether a client may log in, publish or subscribe. */
export function brokerAuthRoutes(root: Api, parts: HttpParts): void {
  const named = knownBrokers(parts.settings)
  const find = (request: FastifyRequest): KnownBroker => named((request.params as BrokerParams).broker)
  const answerTo = createAnswers(parts)
  const bodyLimit = MAX_FIELDS_BYTES + Math.ceil((parts.settings.maxPayloadBytes * 4) / 3)

  root.register(async api => {
    acceptJsonAndForms(api)
    api.setErrorHandler(refusals(parts, find))
    api.addHook('onRequest', letBrokersIn(parts))
    for (const url of ['/broker/auth/:broker', '/broker/auth/:broker/:part']) {
      const schema = schemaOf(url.endsWith(':part'))
      api.post(url, { config: { access: 'operate', allProducts: true }, bodyLimit, schema }, async (request, reply) => {
        const known = find(request)
        const read = readRequest(request)
        checkPart(known, read.part)
        const { broker, adapter } = known
        const { transport = 'tcp' } = read.query
        const answer = await answerTo(adapter.read(read), { broker, address: request.ip, transport })
        return send(reply, adapter.reply(answer, read))
      })
    }
  })
}

/** No, in the broker’s own form; the journal tells the operator what has to be mended. */
function refusals(parts: HttpParts, find: (request: FastifyRequest) => KnownBroker) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = problemOf(error, request)
    if (problem.status >= 500) {
      parts.log.error(
        { route: request.routeOptions.url, code: problem.code, err: problem.cause ?? problem },
        'a request of a broker failed',
      )
    }
    let found: KnownBroker
    try {
      found = find(request)
    } catch (unknown) {
      return sendProblem(reply, problemOf(unknown, request))
    }
    const { field, message, code } = problem
    const detail = { ...(field === undefined ? {} : { field }), problem: message }
    parts.registry.journal.record(unreadableEntry(found.broker, request.ip, { time: parts.clock(), code, detail }))
    reply.headers(problem.headers)
    return send(reply, found.adapter.refuse(problem, isForm(request)))
  }
}

const send = (reply: FastifyReply, { status, body }: BrokerReply): FastifyReply =>
  typeof body === 'string'
    ? reply.code(status).type('text/plain; charset=utf-8').send(body)
    : reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
