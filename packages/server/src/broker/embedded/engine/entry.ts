/** A message on its way to a session that outlives its connections, from its arrival until the client has it for good. */
export interface Entry<Message> {
  /** Ascending in the order in which the session gets its messages. */
  readonly sequence: number
  /** Its own from the start, so that sending it changes nothing that would have to be stored. */
  readonly packetId: number
  readonly qos: 1 | 2
  readonly sizeBytes: number
  readonly message: Message
  /** It would survive a crash. A QoS 2 message is not sent before. */
  isStored: boolean
  /** On this connection or an earlier one. */
  wasSent: boolean
  /** PUBREC has come: the client has it, and PUBREL is due. */
  isReleased: boolean
}
