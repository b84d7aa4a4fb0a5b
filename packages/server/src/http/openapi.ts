import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { Type } from 'typebox'
import { AuditEntryReply } from './audit.ts'
import { DeviceReply } from './device-schemas.ts'
import { ExplanationReply } from './explain.ts'
import { JournalEntryReply, MistakeReply, Sentence } from './journal-entry.ts'
import { KeyReply } from './keys.ts'
import type { Api } from './parts.ts'
import { ProblemDocument } from './problem.ts'
import { ProductReply } from './product-schemas.ts'
import { RegistrationReply } from './registration.ts'
import { NotSignedIn, SessionReply } from './sign-in/session-schemas.ts'
import { UserReply } from './sign-in/users.ts'
import { StatsReply } from './stats.ts'

/** Schemas that stand in the OpenAPI document under a name of their own. */
export const SHARED_SCHEMAS = [
  ProblemDocument,
  Sentence,
  MistakeReply,
  ProductReply,
  DeviceReply,
  JournalEntryReply,
  ExplanationReply,
  KeyReply,
  UserReply,
  SessionReply,
  NotSignedIn,
  AuditEntryReply,
  StatsReply,
  RegistrationReply,
] as const

const TAGS = [
  { name: 'products', description: 'Products and their settings' },
  { name: 'devices', description: 'Devices, their credentials and messages to them' },
  { name: 'journal', description: 'Why was a device refused? What happens now?' },
  { name: 'keys', description: 'API keys' },
  { name: 'accounts', description: 'People who sign in' },
  { name: 'audit', description: 'Who did what?' },
  { name: 'brokers', description: 'What other MQTT brokers ask about their clients' },
  { name: 'operation', description: 'State and figures of the server' },
]

export const openApiSettings = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Hatchway',
      version,
      description:
        'Gives each device its own identity on its first connection. Send `Authorization: Bearer <key secret>`, or the ' +
        'session cookie with X-Hatchway-Request: 1 on what changes something. ' +
        'Errors are problem documents (RFC 9457) with a reason code and advice.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'Secret of an API key' },
        session: { type: 'apiKey', in: 'cookie', name: 'hatchway-session', description: 'Of a user who is signed in' },
      },
    },
    security: [{ apiKey: [] }, { session: [] }],
    tags: TAGS,
  },
  refResolver: {
    buildLocalReference: (json, _baseUri, _fragment, index) =>
      typeof json['$id'] === 'string' ? json['$id'] : `schema-${index}`,
  },
})

export function openApiRoute(api: Api): void {
  const schema = {
    operationId: 'describe',
    summary: 'This document',
    tags: ['operation'],
    security: [],
    response: { 200: Type.Unsafe<string>({ type: 'object', additionalProperties: true, description: 'OpenAPI 3.1' }) },
  }
  api.get('/api/v1/openapi.json', { schema }, async (_request, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8')
    return JSON.stringify(api.swagger())
  })
}
