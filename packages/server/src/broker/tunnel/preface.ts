import { deserialize, serialize } from 'node:v8'
import type { AttachRequest } from '../port.ts'

/** What goes in front of a connection's bytes when it is handed to the process that has the broker. */
export interface Preface extends Omit<AttachRequest, 'link'> {
  /** Number of the process that has the client's socket, and of this connection there: by them it can be cut. */
  worker: number
  tunnel: number
  address: string
  transport: AttachRequest['link']['transport']
}

/**
 * In the runtime's own format: only a process that has shown the secret of this start is listened to, and all of them run
 * the same files.
 */
export function encodePreface(preface: Preface): Buffer {
  // The broker has no use for a credential, so it does not get one.
  const { password: _, ...connect } = preface.connect
  return serialize({ ...preface, connect: { ...connect, password: undefined } })
}

export const decodePreface = (bytes: Uint8Array): Preface => deserialize(bytes) as Preface
