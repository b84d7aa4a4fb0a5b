export { backoffMs, DEFAULT_RETRY, type RetryPolicy } from './backoff.ts'
export { type ConnectOptions, connectAs, connectDevice, type SessionOptions } from './connect.ts'
export { connectionFailure } from './connection-failure.ts'
export { type CredentialStore, type Credentials, CredentialsInvalid, parseCredentials } from './credentials.ts'
export {
  type EnsureRegisteredOptions,
  ensureRegistered,
  type RetryOptions,
  type StartDeviceOptions,
  startDevice,
} from './ensure-registered.ts'
export { ConnectionFailed, InvalidOption, LoginRefused, Refused, RegistrationRefused } from './errors.ts'
export { type Endpoint, hangUp, isTls, type PacketListener } from './open-client.ts'
export { type RegisterOptions, register } from './register.ts'
