import { decodeConnect, encodeConnect, Framer } from '../../mqtt/index.ts'
import type { AttachRequest, Identity } from '../port.ts'

/** What goes in front of a connection's bytes when it is handed to the process that has the broker. */
export interface Preface extends Omit<AttachRequest, 'link'> {
  /** Number of the process that has the client's socket, and of this connection there: by them it can be cut. */
  worker: number
  tunnel: number
  address: string
  transport: AttachRequest['link']['transport']
}

type Head = Omit<Preface, 'connect' | 'identity'> & { identity: WireIdentity }
/** JSON has no sets. */
type WireIdentity =
  | Extract<Identity, { kind: 'device' }>
  | (Omit<Extract<Identity, { kind: 'application' }>, 'products'> & { products: readonly string[] | 'all' })

const lengthSizeBytes = 4

/**
 *     length:uint32 head:JSON CONNECT
 *
 * The CONNECT is without its password: the broker has no use for a credential, so it does not get one.
 */
export function encodePreface({ connect, identity, ...rest }: Preface): Buffer {
  const head = Buffer.from(JSON.stringify({ ...rest, identity: toWire(identity) } satisfies Head))
  const length = Buffer.alloc(lengthSizeBytes)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, encodeConnect({ ...connect, password: undefined })])
}

/** @throws what JSON.parse or the codec throws if it is no preface */
export function decodePreface(bytes: Buffer): Preface {
  const connectAt = lengthSizeBytes + bytes.readUInt32BE()
  const { identity, ...rest } = JSON.parse(bytes.toString('utf8', lengthSizeBytes, connectAt)) as Head
  const framer = new Framer({ maxPacketSizeBytes: bytes.length })
  framer.push(bytes.subarray(connectAt))
  if (!framer.next()) throw new RangeError('the CONNECT in the preface is not whole')
  return { ...rest, identity: fromWire(identity), connect: decodeConnect(framer) }
}

function toWire(identity: Identity): WireIdentity {
  if (identity.kind === 'device') return identity
  const { products } = identity
  return { ...identity, products: products === 'all' ? products : [...products] }
}

function fromWire(identity: WireIdentity): Identity {
  if (identity.kind === 'device') return identity
  const { products } = identity
  return { ...identity, products: products === 'all' ? products : new Set(products) }
}
