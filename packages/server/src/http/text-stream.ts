import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/**
 * Longest life of a reply that is written little by little. A reader that stands still is cut off much earlier, by the
 * socket's own limit.
 */
export const STREAM_TIMEOUT_MS = 3_600_000

/**
 * Sends pieces of text as fast as they are read and no faster: the next one is asked for when there is room for it. A
 * failure of the first one is still answered with a problem; a later one breaks the reply off.
 */
export async function sendTextStream(
  reply: FastifyReply,
  type: string,
  pieces: AsyncGenerator<string>,
): Promise<FastifyReply> {
  const first = await pieces.next()
  // Proxies such as nginx would otherwise collect the whole reply.
  reply.headers({ 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  return reply.send(Readable.from(following(first, pieces), { objectMode: false }))
}

async function* following(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value
  yield* rest
}
