import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RegistrationClaim, SecretClaim } from './claim.ts'
import { type FindMistakesInput, findMistakes, isMistakeCode, MISTAKES } from './mistakes.ts'
import { loginText, registrationText, SIGN_METHODS, sign } from './signature.ts'

const PS = 'Psecret123456789'
const DS = '0123456789abcdef0123456789abcdef'
const CLIENT_ID = 'pk1.dev1|timestamp=1700,_v=1,signmethod=hmacsha256|'

const registration = (signature: string): RegistrationClaim => ({
  mode: 'register',
  id: 'unit-1',
  productKey: 'pk1',
  deviceName: 'Dev1',
  random: '0aF7',
  signMethod: 'hmacsha256',
  secureMode: 2,
  signature,
})

const login = (signature: string): SecretClaim => ({
  mode: 'secret',
  id: 'pk1.dev1',
  productKey: 'pk1',
  deviceName: 'Dev1',
  timestamp: '1700',
  signMethod: 'hmacsha256',
  serverSubscribe: false,
  signature,
})

const find = (claim: RegistrationClaim | SecretClaim, more: Partial<FindMistakesInput> = {}) =>
  findMistakes({ claim, clientId: CLIENT_ID, productSecret: PS, deviceSecret: DS, ...more }).map(({ code }) => code)

const s256 = (key: string, text: string) => sign('hmacsha256', key, text)
const raw256 = (key: string, text: string) => createHmac('sha256', key).update(text).digest()
const hash = (text: string, name = 'sha256') => createHash(name).update(text).digest('hex')
const RIGHT = registrationText(registration(''))
const RIGHT_LOGIN = loginText(login(''))

describe('mistakes in a registration', () => {
  test.each<[codes: string[], signature: string]>([
    [['order-wrong'], s256(PS, 'productKeypk1deviceNameDev1random0aF7')],
    [['order-wrong'], s256(PS, 'random0aF7productKeypk1deviceNameDev1')],
    [['keys-left-out'], s256(PS, 'Dev1pk10aF7')],
    [['keys-left-out'], s256(PS, 'pk1Dev10aF7')],
    [['separators-added'], s256(PS, 'deviceName=Dev1&productKey=pk1&random=0aF7')],
    [['separators-added'], s256(PS, 'deviceNameDev1,productKeypk1,random0aF7')],
    [['separators-added'], s256(PS, 'deviceName=Dev1productKey=pk1random=0aF7')],
    [['keys-spelled-otherwise'], s256(PS, 'devicenameDev1productkeypk1random0aF7')],
    [['keys-spelled-otherwise'], s256(PS, 'DeviceNameDev1ProductKeypk1Random0aF7')],
    [['names-swapped-in-text'], s256(PS, 'deviceNamepk1productKeyDev1random0aF7')],
    [['name-case-changed'], s256(PS, 'deviceNamedev1productKeypk1random0aF7')],
    [['name-case-changed'], s256(PS, 'deviceNameDEV1productKeyPK1random0aF7')],
    [['random-left-out'], s256(PS, 'deviceNameDev1productKeypk1')],
    [['random-left-out'], s256(PS, 'deviceNameDev1productKeypk1random')],
    [['random-other'], s256(PS, 'deviceNameDev1productKeypk1random123')],
    [['random-other'], s256(PS, 'deviceNameDev1productKeypk1randomunit-1')],
    [['random-other'], s256(PS, 'deviceNameDev1productKeypk1randomaF7')],
    [['random-other'], s256(PS, 'deviceNameDev1productKeypk1random0AF7')],
    [['login-text-signed'], s256(PS, 'clientIdunit-1deviceNameDev1productKeypk1')],
    [['login-text-signed'], s256(PS, 'clientIdunit-1deviceNameDev1productKeypk1random0aF7')],
    [['extra-parameter-signed'], s256(PS, `authTyperegister${RIGHT}`)],
    [['extra-parameter-signed'], s256(PS, `${RIGHT}timestamp2524608000000`)],
    [['text-padded'], s256(PS, `${RIGHT}\n`)],
    [['text-padded'], s256(PS, `${RIGHT}\0`)],
    [['device-secret-used'], s256(DS, RIGHT)],
    [['device-secret-used', 'hash-other'], sign('hmacmd5', DS, RIGHT)],
    [['device-secret-used', 'order-wrong'], s256(DS, 'productKeypk1deviceNameDev1random0aF7')],
    [['secret-padded'], s256(`${PS}\n`, RIGHT)],
    [['secret-padded'], s256(` ${PS}`, RIGHT)],
    [['secret-case-changed'], s256(PS.toLowerCase(), RIGHT)],
    [['secret-decoded'], s256(Buffer.from(PS).toString('base64'), RIGHT)],
    [['name-used-as-secret'], s256('pk1', RIGHT)],
    [['name-used-as-secret'], s256('', RIGHT)],
    [['key-and-text-swapped'], s256(RIGHT, PS)],
    [['hash-without-hmac'], hash(RIGHT + PS)],
    [['hash-without-hmac'], hash(PS + RIGHT, 'md5')],
    [['hash-without-hmac'], hash(RIGHT, 'sha1')],
    [['hash-other'], sign('hmacmd5', PS, RIGHT)],
    [['hash-other'], sign('hmacsha1', PS, RIGHT).toUpperCase()],
    [['order-wrong', 'hash-other'], sign('hmacsha1', PS, 'productKeypk1deviceNameDev1random0aF7')],
    [['base64-not-hex'], raw256(PS, RIGHT).toString('base64')],
    [['base64-not-hex'], raw256(PS, RIGHT).toString('base64url')],
    [['base64-not-hex'], Buffer.from(s256(PS, RIGHT)).toString('base64')],
    [['hash-other', 'base64-not-hex'], createHmac('md5', PS).update(RIGHT).digest('base64')],
    [['hex-of-hex'], Buffer.from(s256(PS, RIGHT)).toString('hex')],
    [['hex-of-hex'], Buffer.from(s256(PS, RIGHT).toUpperCase()).toString('hex').toUpperCase()],
    [['signature-cut'], s256(PS, RIGHT).slice(0, 32)],
    [['signature-decorated'], `0x${s256(PS, RIGHT)}`],
    [['signature-decorated'], `${s256(PS, RIGHT)}\n`],
    [['signature-decorated'], s256(PS, RIGHT).replace(/..(?=.)/g, '$&:')],
    [['secret-sent'], PS],
    [['secret-sent'], ` ${DS}`],
    [['other-product-secret-used'], s256('other', RIGHT)],
    [[], s256(PS, RIGHT)],
    [[], s256(PS, RIGHT).toUpperCase()],
    [[], s256('nobody knows', RIGHT)],
    [[], ''],
    [[], s256(PS, RIGHT).slice(0, 15)],
    [[], 'x'.repeat(70_000)],
  ])('%j', (codes, signature) => {
    expect(find(registration(signature), { otherProductSecrets: ['x', 'other'] })).toEqual(codes)
  })
})

describe('mistakes in a login', () => {
  const without = (timestamp?: string) => loginText({ ...login(''), timestamp })
  test.each<[codes: string[], signature: string]>([
    [['order-wrong'], s256(DS, 'productKeypk1deviceNameDev1clientIdpk1.dev1timestamp1700')],
    [['keys-left-out'], s256(DS, 'pk1.dev1Dev1pk11700')],
    [['timestamp-left-out'], s256(DS, without())],
    [['timestamp-other'], s256(DS, without('2524608000000'))],
    [['client-id-other'], s256(DS, loginText({ ...login(''), id: CLIENT_ID }))],
    [['client-id-other'], s256(DS, loginText({ ...login(''), id: 'Dev1' }))],
    [['registration-text-signed'], s256(DS, 'deviceNameDev1productKeypk1timestamp1700')],
    [['extra-parameter-signed'], s256(DS, `${RIGHT_LOGIN}signmethodhmacsha256`)],
    [['product-secret-used'], s256(PS, RIGHT_LOGIN)],
    [['secret-case-changed'], s256(DS.toUpperCase(), RIGHT_LOGIN)],
    [['hash-other'], sign('hmacmd5', DS, RIGHT_LOGIN)],
    [[], s256(DS, RIGHT_LOGIN)],
  ])('%j', (codes, signature) => {
    expect(find(login(signature))).toEqual(codes)
  })

  test('a secret that was decoded from hex', () => {
    const signature = createHmac('sha256', Buffer.from(DS, 'hex')).update(RIGHT_LOGIN).digest('hex')
    expect(find(login(signature))).toEqual(['secret-decoded'])
  })

  test('a timestamp that is signed and not sent', () => {
    const { timestamp: _, ...claim } = login(s256(DS, without('789')))
    expect(find(claim)).toEqual(['timestamp-other'])
  })

  test('the last combination is reached within the limit, in the search with the most candidates', () => {
    const names = { id: ' Unit-1 ', productKey: 'Pk1', timestamp: '1700', secureMode: '2' }
    const text = loginText({ ...login(''), ...names })
    const claim = { ...login(s256(PS, `${text}securemode2`)), ...names }
    const otherProductSecrets = Array.from({ length: 20 }, (_, index) => `other${index}`)
    const swapped = { productSecret: 'a', deviceSecret: 'b' }
    expect(find(claim, { otherProductSecrets, swapped })).toEqual(['product-secret-used', 'extra-parameter-signed'])
  })
})

describe('names swapped in the userName', () => {
  test('are found with the secret of the product that really exists', () => {
    const claim = { ...registration(s256(PS, RIGHT)), productKey: 'Dev1', deviceName: 'pk1' }
    const known: FindMistakesInput = { claim, swapped: { productSecret: PS } }
    expect(findMistakes(known)).toEqual([{ code: 'names-swapped-in-user-name' }])
  })

  test('are found in a login too', () => {
    const claim = { ...login(sign('hmacsha1', DS, RIGHT_LOGIN)), productKey: 'Dev1', deviceName: 'pk1' }
    expect(findMistakes({ claim, swapped: { deviceSecret: DS } })).toEqual([
      { code: 'names-swapped-in-user-name' },
      { code: 'hash-other' },
    ])
  })
})

test('without any secret nothing is found and nothing thrown', () => {
  expect(findMistakes({ claim: registration(s256(PS, RIGHT)) })).toEqual([])
})

test.each(Object.entries(MISTAKES))('mistake %s has a sentence and a fix in both languages', (code, text) => {
  expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  expect(isMistakeCode(code)).toBe(true)
  for (const english of [text.en, text.fixEn]) expect(english).toMatch(/^[A-Z][^\n]+\.$/)
  for (const chinese of [text.zh, text.fixZh]) expect(chinese).toMatch(/[\u4e00-\u9fff][^\n]*。$/u)
})

test('only codes of the table are mistake codes', () => {
  for (const text of ['', 'toString', 'hash']) expect(isMistakeCode(text)).toBe(false)
})

test('property: no claim makes it throw, and what it says holds no secret', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  fc.assert(
    fc.property(
      fc.record({ id: text, productKey: text, deviceName: text, random: text, timestamp: text, signature: text }),
      fc.constantFrom(...SIGN_METHODS),
      fc.boolean(),
      text,
      (values, signMethod, isLogin, secret) => {
        const { random, timestamp, ...names } = values
        const claim: RegistrationClaim | SecretClaim = isLogin
          ? { mode: 'secret', ...names, timestamp, signMethod, serverSubscribe: false }
          : { mode: 'regnwl', ...names, random, signMethod, secureMode: -2 }
        const found = findMistakes({ claim, productSecret: secret, deviceSecret: `${secret}x`, clientId: secret })
        for (const mistake of found) expect(isMistakeCode(mistake.code)).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})
