import createClient, { type Client } from 'openapi-fetch'
import { problemOf, Unreachable } from './problem.ts'
import type { paths } from './schema.ts'

const TIMEOUT_MS = 30_000

/** What tells the server that a request comes from the console's own page: no form and no other site can send it. */
const OWN_REQUEST = { 'x-hatchway-request': '1' } as const

export const api: Client<paths> = createClient<paths>({
  baseUrl: '/',
  headers: OWN_REQUEST,
  fetch: request => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]) }),
})

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** The data of an answer; throws ApiProblem where the server refuses, Unreachable where there is no answer. */
export async function resultOf<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    throw new Unreachable('no answer', { cause })
  })
  if (!response.ok) throw problemOf(error, response.status)
  return data as Data
}
