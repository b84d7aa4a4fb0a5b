import { Type } from 'typebox'
import type { HttpSettings } from './parts.ts'
import { Problem } from './problem.ts'
import { oneOf } from './schemas.ts'

/** Room for topic, names and punctuation beside the payload. */
const ENVELOPE_BYTES = 131_072

/** A message's payload in a body. */
export const PAYLOAD_FIELDS = {
  payload: Type.String({ description: 'The message, written as encoding says' }),
  encoding: Type.Optional(oneOf(['utf8', 'base64'], 'How payload is written; without it utf8')),
}

type Limits = Pick<HttpSettings, 'maxBodyBytes' | 'maxPayloadBytes'>

/** Base64 makes four characters of three bytes. */
export const payloadBodyLimit = ({ maxBodyBytes, maxPayloadBytes }: Limits): number =>
  Math.max(maxBodyBytes, Math.ceil((maxPayloadBytes * 4) / 3) + ENVELOPE_BYTES)

/** @throws Problem where it can't be read, or is too large */
export function payloadOf(
  { payload, encoding = 'utf8' }: { payload: string; encoding?: 'utf8' | 'base64' },
  { maxPayloadBytes }: Limits,
): Buffer {
  const bytes = encoding === 'utf8' ? Buffer.from(payload, 'utf8') : bytesOfBase64(payload)
  if (bytes.length <= maxPayloadBytes) return bytes
  throw new Problem('field-invalid', {
    field: 'payload',
    detail: `payload has ${bytes.length} bytes.`,
    fix: `Give at most ${maxPayloadBytes} bytes.`,
  })
}

function bytesOfBase64(payload: string): Buffer {
  if (payload.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(payload)) return Buffer.from(payload, 'base64')
  throw new Problem('field-invalid', {
    field: 'payload',
    detail: 'payload is not base64.',
    fix: 'Give base64 with padding and without line ends, or leave encoding out and give text.',
  })
}
