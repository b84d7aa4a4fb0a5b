export type {
  ApplicationClaim,
  Claim,
  ClaimMode,
  ClaimRefusal,
  ClaimResult,
  ConnectField,
  ConnectFields,
  RegistrationClaim,
  SecretClaim,
  TokenClaim,
} from './claim.ts'
export { parseClaim } from './claim.ts'
export type { ParsedClientId } from './connect-block.ts'
export { formatClientId, MAX_BLOCK_PIECES, parseClientId } from './connect-block.ts'
export type { ConnectCredentials, RegistrationInput, SecretLoginInput, TokenLoginInput } from './device-connect.ts'
export { registrationConnect, secretLoginConnect, tokenLoginConnect } from './device-connect.ts'
export type { FindMistakesInput, Mistake, MistakeCode, MistakeText } from './mistakes.ts'
export { findMistakes, isMistakeCode, MAX_MISTAKE_DIGESTS, MISTAKES } from './mistakes.ts'
export type { DeviceIdentity, RandomBytes } from './names.ts'
export {
  isDeviceName,
  isDeviceSecret,
  isDeviceToken,
  isFreeId,
  isIssuedClientId,
  isProductKey,
  isProductSecret,
  isRandom,
  newClientId,
  newDeviceSecret,
  newDeviceToken,
  newKeyId,
  newKeySecret,
  newProductKey,
  newProductSecret,
} from './names.ts'
export type { LifecycleInput, StatusInput } from './platform-messages.ts'
export {
  clockReply,
  DEFAULT_UTC_OFFSET_MINUTES,
  eventPostReply,
  lifecycleMessage,
  MAX_REQUEST_BYTES,
  statusMessage,
} from './platform-messages.ts'
export type { DeviceTopic } from './platform-topics.ts'
export {
  eventPostReplyTopic,
  eventPostTopic,
  matchEventPost,
  matchRrpcResponse,
  PLATFORM_TOPICS,
  rrpcRequestTopic,
  rrpcResponseTopic,
} from './platform-topics.ts'
export type { Push, PushResult } from './push.ts'
export { MAX_PUSH_BYTES, PUSH_TOPICS, parsePush, pushMessage } from './push.ts'
export type { Reason, ReasonCode } from './reasons.ts'
export { isReasonCode, REASON_CODES, REASONS, reason } from './reasons.ts'
export type { SignMethod } from './signature.ts'
export {
  HASH_OF,
  loginText,
  parseSignMethod,
  registrationText,
  SIGN_METHODS,
  sign,
  verify,
} from './signature.ts'
export type {
  RegisteredSubDevice,
  SubDeviceCode,
  SubDeviceRegistration,
  SubDeviceRegistrationResult,
} from './sub-devices.ts'
export { MAX_SUB_DEVICES, parseSubDeviceRegistration, subDeviceRegistrationReply } from './sub-devices.ts'
export type { ApplicationCoverage, TopicLimits } from './topic-rights.ts'
export {
  applicationMayPublish,
  applicationMaySubscribe,
  DEVICE_TOPIC_LIMITS,
  deviceMayPublish,
  deviceMaySubscribe,
  downlinkFilters,
  isWithinTopicLimits,
} from './topic-rights.ts'
export {
  isTopicFilter,
  isTopicName,
  MAX_TOPIC_BYTES,
  parseSharedFilter,
  topicMatches,
  utf8SizeBytes,
} from './topics.ts'
