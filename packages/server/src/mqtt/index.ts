/**
 * MQTT 3.1 (level 3), 3.1.1 (level 4) and 5.0 (level 5) on the wire, for clients and servers alike. Knows nothing else.
 *
 * Bytes go into a `Framer`, which walks through the whole packets in them; `decode(frame, level)` gives a typed
 * `Packet`, `encode(packet, level)` its bytes. Each packet type has a file of its own with its grammar; the files' own
 * functions (`decodePublish`, `encodePuback`, …) serve where the type is known already.
 *
 * Decoding refuses what the specification forbids in the bytes of one packet, and throws only `MalformedPacket`, which
 * carries the MQTT 5 reason code to close with. It says nothing about what needs state or a direction: whether a packet
 * may come now and from this side, which topic alias is known, whose client identifier it is.
 */
export { type Acknowledgement, type AcknowledgementType, bareAcknowledgement } from './acknowledgement.ts'
export { type Auth, type AuthProperties, decodeAuth, encodeAuth } from './auth.ts'
export { decode, encode } from './codec.ts'
export { type Connack, type ConnackProperties, decodeConnack, encodeConnack } from './connack.ts'
export {
  type Connect,
  type ConnectProperties,
  decodeConnect,
  encodeConnect,
  type Will,
  type WillProperties,
} from './connect.ts'
export { type Disconnect, type DisconnectProperties, decodeDisconnect, encodeDisconnect } from './disconnect.ts'
export { MalformedPacket, type MalformedReasonCode } from './errors.ts'
export { type Frame, type PacketType, type ProtocolLevel, packetTypeOf, type Qos } from './frame.ts'
export { Framer } from './framing.ts'
export type { Packet } from './packet.ts'
export { decodePingreq, encodePingreq, type Pingreq } from './pingreq.ts'
export { decodePingresp, encodePingresp, type Pingresp } from './pingresp.ts'
export type { PropertiesOf, PropertyScope } from './property-table.ts'
export { decodePuback, encodePuback, type Puback } from './puback.ts'
export { decodePubcomp, encodePubcomp, type Pubcomp } from './pubcomp.ts'
export {
  decodePublish,
  encodePublish,
  encodePublishTemplate,
  hasShortestHeader,
  type Publish,
  type PublishProperties,
  type PublishTemplate,
  stampPublish,
} from './publish.ts'
export { decodePubrec, encodePubrec, type Pubrec } from './pubrec.ts'
export { decodePubrel, encodePubrel, type Pubrel } from './pubrel.ts'
export { connectReturnCodes, isReasonCode, reasonCodes, subscribeFailure } from './reason-codes.ts'
export { decodeSuback, encodeSuback, type Suback, type SubackProperties } from './suback.ts'
export {
  decodeSubscribe,
  encodeSubscribe,
  type Subscribe,
  type SubscribeProperties,
  type Subscription,
} from './subscribe.ts'
export { isTopicFilter, isTopicName } from './topic.ts'
export { decodeUnsuback, encodeUnsuback, type Unsuback, type UnsubackProperties } from './unsuback.ts'
export { decodeUnsubscribe, encodeUnsubscribe, type Unsubscribe, type UnsubscribeProperties } from './unsubscribe.ts'
