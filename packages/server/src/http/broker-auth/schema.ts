import { Type } from 'typebox'
import { boundedText, oneOf } from '../schemas.ts'
import { FORM_TYPE } from './request.ts'

const Query = Type.Object(
  {
    transport: Type.Optional(oneOf(['tls', 'tcp'], 'What the broker’s clients come over; without it tcp')),
    vhost: Type.Optional(boundedText('RabbitMQ: the virtual host of the clients; without it /', 200)),
    exchange: Type.Optional(boundedText('RabbitMQ: the exchange of the MQTT plugin; without it amq.topic', 200)),
  },
  { additionalProperties: false },
)

const ANSWERS = {
  200: 'Yes, or no, in the form that the broker expects',
  401: 'No: the broker shows no API key and its address is not one of those in the settings',
  403: 'No, to brokers that read the status; or the key’s role does not allow the request',
  404: 'No broker of this name, or no such address of it',
  413: 'The body is too large',
  415: 'The Content-Type is neither JSON nor a form',
  422: 'A field is missing or not valid',
  400: 'The body can’t be read',
  500: 'The server failed',
  503: 'No, and the client may try again',
} as const

export function schemaOf(hasPart: boolean) {
  const content = { 'application/json': { schema: {} }, 'text/plain': { schema: {} } }
  const problem = { 'application/problem+json': { schema: { $ref: 'Problem#' } } }
  const response = Object.entries(ANSWERS).map(([status, description]) => {
    return [status, { description, content: status === '404' ? { ...content, ...problem } : content }]
  })
  return {
    operationId: hasPart ? 'answerBrokerPart' : 'answerBroker',
    summary: hasPart
      ? 'What rabbitmq (user, vhost, resource, topic) and mosquitto-go-auth (user, superuser, acl) ask about a client'
      : 'What emqx and vernemq ask about a client',
    tags: ['brokers'],
    security: [{ apiKey: [] }, {}],
    consumes: ['application/json', FORM_TYPE],
    params: Type.Object({
      broker: boundedText('emqx, rabbitmq, mosquitto-go-auth or vernemq', 200),
      ...(hasPart ? { part: boundedText('What is asked', 200) } : {}),
    }),
    querystring: Query,
    response: Object.fromEntries(response),
  }
}
