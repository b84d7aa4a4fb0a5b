import type { RegistrationClaim, SecretClaim } from '../claim.ts'
import { loginText, registrationText } from '../signature.ts'
import type { MistakeCode } from './table.ts'

type Pair = readonly [key: string, value: string]

/** A text that the device may have signed, and the mistake that it would be. */
export interface SignedText {
  readonly code: MistakeCode
  readonly text: string
}

// Values that shipped firmware and copied samples have built in.
const KNOWN_RANDOMS = ['123', '0', '1', '123456', '567345', 'random'] as const
const KNOWN_TIMESTAMPS = ['2524608000000', '789', '1'] as const

const concatenate = (pairs: readonly Pair[]): string => pairs.map(([key, value]) => key + value).join('')

// At most four pairs: 24 orders.
const ordersOf = (pairs: readonly Pair[]): Pair[][] =>
  pairs.length <= 1
    ? [[...pairs]]
    : pairs.flatMap((pair, index) => ordersOf(pairs.toSpliced(index, 1)).map(rest => [pair, ...rest]))

const as = (code: MistakeCode, texts: readonly string[]): SignedText[] => texts.map(text => ({ code, text }))

const separated = (pairs: readonly Pair[]): string[] => [
  ...['&', ',', '', '\n'].map(separator => pairs.map(([key, value]) => `${key}=${value}`).join(separator)),
  ...['&', ',', '\n'].map(separator => pairs.map(([key, value]) => key + value).join(separator)),
  ...['&', ',', '.'].map(separator => pairs.map(([, value]) => value).join(separator)),
]

const capitalised = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1)
const underscored = (key: string): string => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

const respelled = (pairs: readonly Pair[]): string[] =>
  [(key: string) => key.toLowerCase(), capitalised, underscored, (key: string) => key.toUpperCase()].map(respell =>
    concatenate(pairs.map(([key, value]) => [respell(key), value])),
  )

const recased = (pairs: readonly Pair[]): string[] => {
  const change = (keys: readonly string[], recase: (text: string) => string): string =>
    concatenate(pairs.map(([key, value]) => [key, keys.includes(key) ? recase(value) : value]))
  const keys = [['deviceName'], ['productKey'], ['deviceName', 'productKey'], pairs.map(([key]) => key)]
  return keys.flatMap(some => [change(some, text => text.toLowerCase()), change(some, text => text.toUpperCase())])
}

// Values without keys: a timestamp stays last, or the orders of a login alone would use up the digests of a search.
const valuesAlone = (pairs: readonly Pair[]): string[] =>
  ordersOf(pairs.slice(0, 3)).map(order => [...order, ...pairs.slice(3)].map(([, value]) => value).join(''))

/** What any text of pairs can have wrong, whatever it is for. */
const commonTexts = (pairs: readonly Pair[], swapped: string): SignedText[] => {
  const text = concatenate(pairs)
  return [
    ...as('order-wrong', ordersOf(pairs).map(concatenate)),
    ...as('keys-left-out', valuesAlone(pairs)),
    ...as('separators-added', separated(pairs)),
    ...as('names-swapped-in-text', [swapped]),
    ...as('name-case-changed', recased(pairs)),
    ...as('keys-spelled-otherwise', respelled(pairs)),
    ...as('text-padded', [`${text}\n`, `${text}\r\n`, `${text}\0`, `${text} `]),
  ]
}

const registrationTexts = (claim: RegistrationClaim, clientId: string): SignedText[] => {
  const { id, deviceName, productKey, random, signMethod } = claim
  const withRandom = (other: string): string => registrationText({ deviceName, productKey, random: other })
  const text = withRandom(random)
  const names: Pair[] = [
    ['deviceName', deviceName],
    ['productKey', productKey],
  ]
  const login = [id, clientId].flatMap(signed => [
    loginText({ id: signed, deviceName, productKey }),
    loginText({ id: signed, deviceName, productKey }) + concatenate([['random', random]]),
  ])
  const otherRandoms = [...KNOWN_RANDOMS, id, random.toLowerCase(), random.toUpperCase(), ` ${random}`, `${random} `]
  return [
    ...as('random-left-out', [concatenate(names), withRandom('')]),
    ...as('random-other', [...otherRandoms, random.replace(/^0+/, ''), `"${random}"`].map(withRandom)),
    ...commonTexts(
      [...names, ['random', random]],
      registrationText({ deviceName: productKey, productKey: deviceName, random }),
    ),
    ...as('login-text-signed', login),
    ...as('extra-parameter-signed', [
      `authType${claim.mode}${text}`,
      `authType${claim.mode}${text}securemode${claim.secureMode}signmethod${signMethod}`,
      `${text}securemode${claim.secureMode}`,
      `${text}signmethod${signMethod}`,
      `${text}signMethod${signMethod}`,
      concatenate([...names, ['random', random], ['timestamp', KNOWN_TIMESTAMPS[0]]]),
      `deviceName${deviceName}instanceId${claim.instanceId ?? ''}productKey${productKey}random${random}`,
    ]),
  ]
}

const loginTexts = (claim: SecretClaim, clientId: string): SignedText[] => {
  const { id, deviceName, productKey, timestamp } = claim
  const withTimestamp = (other: string | undefined, signed = id): string =>
    loginText({ id: signed, deviceName, productKey, timestamp: other })
  const pairs: Pair[] = [
    ['clientId', id],
    ['deviceName', deviceName],
    ['productKey', productKey],
  ]
  if (timestamp !== undefined) pairs.push(['timestamp', timestamp])
  const otherIds = [
    clientId,
    deviceName,
    productKey,
    `${productKey}.${deviceName}`,
    `${deviceName}.${productKey}`,
    `${productKey}&${deviceName}`,
    `${deviceName}&${productKey}`,
    id.trim(),
    id.toLowerCase(),
    '',
  ]
  return [
    ...(timestamp === undefined ? [] : as('timestamp-left-out', [withTimestamp(undefined), withTimestamp('')])),
    ...as('timestamp-other', [
      ...KNOWN_TIMESTAMPS.map(known => withTimestamp(known)),
      ...(timestamp === undefined ? [withTimestamp('')] : []),
    ]),
    ...as(
      'client-id-other',
      otherIds.map(signed => withTimestamp(timestamp, signed)),
    ),
    ...commonTexts(pairs, loginText({ id, deviceName: productKey, productKey: deviceName, timestamp })),
    ...as('registration-text-signed', [concatenate(pairs.slice(1)), concatenate(pairs.slice(1, 3))]),
    ...as('extra-parameter-signed', [
      `${withTimestamp(timestamp)}signmethod${claim.signMethod}`,
      `${withTimestamp(timestamp)}securemode${claim.secureMode ?? ''}`,
    ]),
  ]
}

/** The text that the claim should have signed. */
export const rightText = (claim: RegistrationClaim | SecretClaim): string =>
  claim.mode === 'secret' ? loginText(claim) : registrationText(claim)

/** The text that a device signed which swapped its names in the userName. */
export const unswappedText = (claim: RegistrationClaim | SecretClaim): string =>
  rightText({ ...claim, deviceName: claim.productKey, productKey: claim.deviceName })

/** Each wrong text once, likeliest first; `clientId` is the whole field as it was sent. */
export const wrongTexts = (claim: RegistrationClaim | SecretClaim, clientId: string): SignedText[] => {
  const seen = new Set([rightText(claim)])
  const candidates = claim.mode === 'secret' ? loginTexts(claim, clientId) : registrationTexts(claim, clientId)
  return candidates.filter(({ text }) => {
    if (seen.has(text)) return false
    seen.add(text)
    return true
  })
}
