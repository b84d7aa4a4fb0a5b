import type { ClaimMode } from '@hatchway/protocol'
import type { Transport } from '../registry/types.ts'
import type { Sentence } from './attempt.ts'

const modes: Record<ClaimMode, Sentence> = {
  register: {
    en: 'a registration of a device that was added before (register)',
    zh: '预注册设备的动态注册（register）',
  },
  regnwl: { en: 'a preregistration-free registration (regnwl)', zh: '免预注册的动态注册（regnwl）' },
  secret: { en: 'a login with a DeviceSecret', zh: '使用 DeviceSecret 的登录' },
  token: {
    en: 'a login with an issued ClientID and its DeviceToken (connwl)',
    zh: '使用 ClientID 和 DeviceToken 的登录（connwl）',
  },
  application: { en: 'an application’s login with an API key', zh: '应用客户端使用 API 密钥的登录' },
}

/** What an explanation says of a step that was passed. Those that failed speak with their reason's own sentence. */
export const sentences = {
  parsed: (mode: ClaimMode): Sentence => ({
    en: `The CONNECT can be read; it is ${modes[mode].en}.`,
    zh: `CONNECT 可以解析，属于${modes[mode].zh}。`,
  }),
  transportFits: (transport: Transport): Sentence => ({
    en: `The transport (${transport}) is allowed here.`,
    zh: `允许使用该传输方式（${transport}）。`,
  }),
  productFound: (productKey: string): Sentence => ({
    en: `The product ${productKey} exists.`,
    zh: `产品 ${productKey} 存在。`,
  }),
  deviceFound: (deviceName: string): Sentence => ({
    en: `The device ${deviceName} exists.`,
    zh: `设备 ${deviceName} 存在。`,
  }),
  signatureMatches: (signedText: string, signMethod: string): Sentence => ({
    en: `The password is the ${signMethod} signature of “${signedText}”.`,
    zh: `password 与对“${signedText}”的 ${signMethod} 签名一致。`,
  }),
  tokenMatches: (clientId: string): Sentence => ({
    en: `The password is the DeviceToken that was issued with the ClientID ${clientId}.`,
    zh: `password 与 ClientID ${clientId} 对应的 DeviceToken 一致。`,
  }),
  keyMatches: (keyId: string): Sentence => ({
    en: `The password is the secret of the API key ${keyId}.`,
    zh: `password 与 API 密钥 ${keyId} 的密钥值一致。`,
  }),
  secretWouldBeIssued: (): Sentence => ({
    en: 'The rules allow the registration: a new DeviceSecret would be issued.',
    zh: '规则允许注册：将签发新的 DeviceSecret。',
  }),
  tokenWouldBeIssued: (created: boolean): Sentence => ({
    en: `The rules allow the registration: ${created ? 'the device would be created, and ' : ''}a ClientID and a DeviceToken would be issued.`,
    zh: `规则允许注册：${created ? '将创建设备，并' : '将'}签发 ClientID 和 DeviceToken。`,
  }),
  loginAllowed: (firstLogin: boolean): Sentence => ({
    en: firstLogin ? 'The device may log in; this login would activate the credential.' : 'The device may log in.',
    zh: firstLogin ? '设备可以登录；此次登录将激活该凭证。' : '设备可以登录。',
  }),
  applicationAllowed: (): Sentence => ({
    en: 'The key’s role is application, so it may connect.',
    zh: '该密钥的角色为 application，可以连接。',
  }),
  keepAliveKept: (seconds: number): Sentence =>
    seconds === 0
      ? { en: 'The Keep Alive is 0, so none is in force.', zh: 'Keep Alive 为 0，即不启用。' }
      : { en: `The Keep Alive of ${seconds} seconds is in force.`, zh: `Keep Alive 为 ${seconds} 秒。` },
  keepAliveClamped: (asked: number, inForce: number): Sentence => ({
    en: `The Keep Alive of ${asked} seconds is shortened to ${inForce}.`,
    zh: `Keep Alive 由 ${asked} 秒缩短为 ${inForce} 秒。`,
  }),
} as const
