import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { PROBLEM_TYPE, Problem, problemDocument } from './problem.ts'

/** Answers bytes that are no HTTP request, too large or too slow a one: there is no request object for these. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemFor(error.code)
  const body = JSON.stringify(problemDocument(problem))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'connection: close',
    'cache-control: no-store',
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function problemFor(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('body-too-large', {
        status: 431,
        detail: 'The headers are larger than this server accepts.',
        fix: 'Send fewer or shorter headers.',
      })
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('body-malformed', {
        status: 408,
        detail: 'The request did not arrive whole in time.',
        fix: 'Send the whole request without pauses.',
      })
    default:
      return new Problem('body-malformed', {
        detail: 'The bytes are not an HTTP request.',
        fix: 'Send HTTP/1.1; devices connect to the MQTT port.',
      })
  }
}
