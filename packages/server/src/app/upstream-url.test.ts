import { describe, expect, it } from 'vitest'
import { upstreamUrl } from './upstream-url.ts'

const nobody = { userName: undefined, password: undefined }

describe('the URL of an MQTT cluster', () => {
  it.each([
    ['mqtt://broker', { isTls: false, ...nobody, hosts: [{ host: 'broker', port: 1883 }] }],
    ['mqtts://broker/', { isTls: true, ...nobody, hosts: [{ host: 'broker', port: 8883 }] }],
    [
      'mqtt://user@10.0.0.1:2000',
      { isTls: false, userName: 'user', password: undefined, hosts: [{ host: '10.0.0.1', port: 2000 }] },
    ],
    [
      ' mqtts://us%40er:p%40s%2Cs%2F@a.example.com:1,b.example.com, [2001:db8::1]:3 ',
      {
        isTls: true,
        userName: 'us@er',
        password: 'p@s,s/',
        hosts: [
          { host: 'a.example.com', port: 1 },
          { host: 'b.example.com', port: 8883 },
          { host: '2001:db8::1', port: 3 },
        ],
      },
    ],
    ['mqtt://user:pa:ss@h', { isTls: false, userName: 'user', password: 'pa:ss', hosts: [{ host: 'h', port: 1883 }] }],
  ])('%s is read', (text, value) => {
    expect(upstreamUrl(text)).toEqual({ ok: true, value })
  })

  it.each([
    [1883, 'is no URL of an MQTT cluster'],
    ['http://broker', 'is no URL of an MQTT cluster'],
    ['broker:1883', 'is no URL of an MQTT cluster'],
    ['mqtt://', 'has a host that is neither a name nor an address'],
    ['mqtt://a,,b', 'has a host that is neither a name nor an address'],
    ['mqtt://a b', 'has a host that is neither a name nor an address'],
    ['mqtt://a/topic', 'has a host that is neither a name nor an address'],
    ['mqtt://a?x=1', 'has a host that is neither a name nor an address'],
    ['mqtt://a:70000', 'has a port that is not from 1 to 65535'],
    ['mqtt://a:0', 'has a port that is not from 1 to 65535'],
    ['mqtt://a,a:1883', 'names a host twice'],
    ['mqtt://u:100%@a', 'has a % that encodes nothing'],
    ['mqtt://:secret@a', 'has a password and no user name'],
    [`mqtt://${Array.from({ length: 33 }, (_, at) => `h${at}`).join(',')}`, 'names more than 32 hosts'],
  ])('%s is refused, and the password is not repeated', (text, problem) => {
    const reading = upstreamUrl(text)
    expect(reading).toMatchObject({ ok: false, problem: expect.stringContaining(problem) })
    expect(JSON.stringify(reading)).not.toContain('secret')
  })
})
