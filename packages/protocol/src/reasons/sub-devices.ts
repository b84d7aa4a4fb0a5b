import type { Reason } from './reason.ts'

const ANSWERED = { connack: null, http: 403, retryable: false } as const

/** What a gateway asked for its sub-devices; other refusals of theirs are those of any registration. */
export const SUB_DEVICE_REASONS = {
  'registration-by-gateways-off': {
    ...ANSWERED,
    mqtt5: 0x87,
    en: 'The product does not let gateways register its devices.',
    zh: '该产品不允许由网关注册其设备。',
    fixEn:
      'Turn on registration by gateways for the product, if any device that is logged in may register its devices.',
    fixZh: '如果允许任何已登录的设备代为注册，请为该产品打开“由网关注册”。',
  },
  'sub-device-itself': {
    ...ANSWERED,
    mqtt5: 0x87,
    en: 'The gateway named itself as its own sub-device.',
    zh: '网关把自己列为自己的子设备。',
    fixEn: 'Name the devices behind the gateway; the gateway has its own credentials already.',
    fixZh: '请填写网关所接的设备；网关自身已有凭证。',
  },
  'sub-devices-malformed': {
    ...ANSWERED,
    http: 400,
    mqtt5: 0x99,
    en: 'The gateway’s request can’t be read.',
    zh: '无法解析网关的请求。',
    fixEn:
      'Send {"id":"1","version":"1.0","params":[{"productKey":"…","deviceName":"…"}],"method":"thing.sub.register"}.',
    fixZh:
      '请发送 {"id":"1","version":"1.0","params":[{"productKey":"…","deviceName":"…"}],"method":"thing.sub.register"}。',
  },
} as const satisfies Record<string, Reason>
