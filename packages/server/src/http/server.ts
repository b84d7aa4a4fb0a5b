import { type SecureContextOptions, Server as TlsServer } from 'node:tls'
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import { allDeviceRoutes } from './all-devices.ts'
import { auditRoutes } from './audit.ts'
import { authenticate } from './authentication.ts'
import { acceptJson, refuseUnexpectedBody } from './body.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { brokerAuthRoutes } from './broker-auth/routes.ts'
import { clientIdRoutes } from './client-ids.ts'
import { consoleRoutes } from './console.ts'
import { deviceActionRoutes } from './device-actions.ts'
import { deviceConnectionRoutes } from './device-connections.ts'
import { deviceExportRoutes } from './device-export.ts'
import { deviceRoutes } from './devices.ts'
import { createEventHub, type EventParts, eventRoutes } from './events.ts'
import { explainRoutes } from './explain.ts'
import { replyWithFailure } from './failures.ts'
import { healthRoutes } from './health.ts'
import { importRoutes } from './imports.ts'
import { journalRoutes } from './journal.ts'
import { keyRoutes } from './keys.ts'
import { liveMessageRoutes } from './live-messages.ts'
import { matchingDeviceRoutes } from './matching-devices.ts'
import { messageRoutes } from './messages.ts'
import { answerUnknownRoutes } from './methods.ts'
import { createMetrics, metricsRoutes } from './metrics.ts'
import { createOpenStreams } from './open-streams.ts'
import { openApiRoute, openApiSettings, SHARED_SCHEMAS } from './openapi.ts'
import { type Api, HTTP_DEFAULTS, type HttpParts, type HttpSettings } from './parts.ts'
import { productRoutes } from './products.ts'
import { registrationRoutes } from './registration.ts'
import { rrpcRoutes } from './rrpc.ts'
import { SECURITY_HEADERS } from './security-headers.ts'
import { signInRoutes } from './sign-in/session-routes.ts'
import { sessionRoutes } from './sign-in/sessions.ts'
import { userRoutes } from './sign-in/users.ts'
import { statsRoutes } from './stats.ts'
import { statsHistoryRoutes } from './stats-history.ts'
import { systemRoutes } from './system.ts'
import { compileValidator } from './validation.ts'

const MAX_HEADER_BYTES = 16_384
/** Longest part of a path, URL-encoded: three characters for each of a name's bytes. */
const MAX_PATH_PART_LENGTH = 200
/** Silence after which a socket is closed; an open event stream is never silent for that long. */
const IDLE_SOCKET_TIMEOUT_MS = 120_000
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 5000

export interface HttpServer {
  /** Resolves with the base URL, without a slash at its end. */
  listen(): Promise<string>
  /** Ends event streams, lets open requests finish within a few seconds, then closes every connection. */
  close(): Promise<void>
  /** From the next handshake on. Throws if OpenSSL refuses them, or if the port takes plain HTTP. */
  reloadCertificates(tls: SecureContextOptions): void
  /** For tests and in-process clients: routes requests without a socket. */
  readonly api: Api
}

export type HttpServerOptions = Omit<HttpParts, 'settings'> & {
  settings: Pick<HttpSettings, 'host' | 'port'> & Partial<HttpSettings>
}

/** The HTTP room: API, device registration over HTTPS, metrics, health, live events. Nothing listens before `listen`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const settings = { ...HTTP_DEFAULTS, ...options.settings }
  const parts: HttpParts = { ...options, settings }
  const api = createApi(parts)
  const streams = createOpenStreams(parts)
  const hub = createEventHub(parts)
  const metrics = createMetrics(parts)

  answerUnknownRoutes(api)
  api.setErrorHandler(replyWithFailure(parts.log))
  api.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
  api.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.countRequest({ route, method: request.method, status: reply.statusCode })
  })
  api.addHook('preClose', async () => {
    hub.close()
    streams.close()
  })
  api.addHook('onClose', async () => metrics.close())
  for (const schema of SHARED_SCHEMAS) api.addSchema(schema)
  api.register(swagger, openApiSettings(parts.version))
  api.register(async scope => openRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), parts, metrics))
  api.register(async scope => signInRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), parts), {
    prefix: '/api/v1',
  })
  api.register(async scope => keyedRoutes(scope.withTypeProvider<TypeBoxTypeProvider>(), parts, { hub, streams }), {
    prefix: '/api/v1',
  })
  return {
    api,
    reloadCertificates(tls) {
      if (!(api.server instanceof TlsServer)) throw new Error('the port takes plain HTTP')
      api.server.setSecureContext(tls)
    },
    listen: () => api.listen({ host: settings.host, port: settings.port }),
    close: async () => {
      const cut = setTimeout(() => api.server.closeAllConnections(), CLOSE_TIMEOUT_MS)
      await api.close()
      clearTimeout(cut)
    },
  }
}

function createApi({ settings, log, tls }: HttpParts): Api {
  const limits = {
    headersTimeout: settings.headersTimeoutMs,
    // How often Node looks for requests that take too long.
    connectionsCheckingInterval: Math.min(settings.headersTimeoutMs, settings.requestTimeoutMs),
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  const secure = tls === null ? {} : { https: { ...limits, ...tls, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS } }
  const api = fastify({
    // Fastify gives a server with TLS another type; all that follows takes either.
    ...(secure as object),
    logger: false,
    bodyLimit: settings.maxBodyBytes,
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveTimeoutMs,
    handlerTimeout: settings.handlerTimeoutMs,
    connectionTimeout: IDLE_SOCKET_TIMEOUT_MS,
    trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PATH_PART_LENGTH },
    http: limits,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      reply.headers(SECURITY_HEADERS)
      replyWithFailure(log)(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
  api.server.maxConnections = settings.maxConnections
  api.setValidatorCompiler(compileValidator)
  api.decorateRequest('caller', null)
  return api
}

function openRoutes(api: Api, parts: HttpParts, metrics: ReturnType<typeof createMetrics>): void {
  metricsRoutes(api, metrics)
  healthRoutes(api, parts)
  openApiRoute(api)
  consoleRoutes(api, parts)
  registrationRoutes(api, parts)
  brokerAuthRoutes(api, parts)
}

function keyedRoutes(api: Api, parts: HttpParts, { hub, streams }: EventParts): void {
  api.addHook('onRequest', authenticate(parts))
  api.addHook('preHandler', refuseUnexpectedBody)
  importRoutes(api, parts)
  acceptJson(api)
  productRoutes(api, parts)
  deviceRoutes(api, parts)
  allDeviceRoutes(api, parts)
  deviceActionRoutes(api, parts)
  matchingDeviceRoutes(api, parts)
  deviceExportRoutes(api, parts)
  clientIdRoutes(api, parts)
  deviceConnectionRoutes(api, parts)
  messageRoutes(api, parts)
  journalRoutes(api, parts)
  explainRoutes(api, parts)
  keyRoutes(api, parts)
  userRoutes(api, parts)
  auditRoutes(api, parts)
  sessionRoutes(api, parts)
  statsRoutes(api, parts)
  statsHistoryRoutes(api, parts)
  systemRoutes(api, parts)
  eventRoutes(api, parts, { hub, streams })
  liveMessageRoutes(api, parts, streams)
  rrpcRoutes(api, parts)
}
