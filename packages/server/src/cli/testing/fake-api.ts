import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  method: string
  url: string
  authorization: string | undefined
  contentType: string | undefined
  lastEventId: string | undefined
  body: string
}

export interface Reply {
  status?: number
  json?: unknown
  /** With its content type. */
  raw?: { type: string; text: string }
  /** Left open: for event streams. */
  keepOpen?: boolean
  headers?: Readonly<Record<string, string>>
}

export interface FakeApi {
  url: string
  seen: Seen[]
  close(): Promise<void>
}

/** An HTTP server that answers as it is told and keeps what it was asked. */
export async function startFakeApi(answer: (request: Seen, count: number) => Reply): Promise<FakeApi> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    receive(request).then(
      received => {
        seen.push(received)
        send(response, answer(received, seen.length))
      },
      () => response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function receive(request: IncomingMessage): Promise<Seen> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { authorization, 'content-type': contentType, 'last-event-id': lastEventId } = request.headers
  const { method = '', url = '' } = request
  return { method, url, authorization, contentType, lastEventId: lastEventId?.toString(), body }
}

function send(response: ServerResponse, { status = 200, json, raw, keepOpen, headers = {} }: Reply): void {
  const type = raw?.type ?? (status >= 400 ? 'application/problem+json; charset=utf-8' : 'application/json')
  response.writeHead(status, { ...headers, 'content-type': type })
  response.write(raw?.text ?? (json === undefined ? '' : JSON.stringify(json)))
  if (!keepOpen) response.end()
}
