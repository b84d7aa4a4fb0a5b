import { expect, it } from 'vitest'
import type { System } from '../api/types.ts'
import { addressOf } from './mqtt-address.ts'

const system = (url: string, names: string[], publicHosts: string[] = []): System =>
  ({ publicHosts, endpoints: [{ kind: 'mqtt', url }], certificates: [{ kind: 'rsa', names }] }) as unknown as System

it.each([
  { what: 'nothing known', known: undefined, page: 'box', host: 'box', port: 1883 },
  {
    what: 'a server on this machine',
    known: system('mqtt://127.0.0.1:2883', ['localhost']),
    page: 'localhost',
    host: 'localhost',
    port: 2883,
  },
  {
    what: 'a page by another name than the certificate’s',
    known: system('mqtt://0.0.0.0:1883', ['localhost', 'iot.example.com']),
    page: '192.0.2.1',
    host: 'iot.example.com',
    port: 1883,
  },
  {
    what: 'a server that listens under a name',
    known: system('mqtt://iot.example.com:8883', ['iot.example.com']),
    page: 'admin.example.com',
    host: 'iot.example.com',
    port: 8883,
  },
  {
    what: 'a server whose settings name the host for devices',
    known: system('mqtt://0.0.0.0:1883', ['localhost', 'box', 'iot.example.com'], ['iot.example.com']),
    page: 'localhost',
    host: 'iot.example.com',
    port: 1883,
  },
])('$what: $host:$port', ({ known, page, host, port }) => {
  expect(addressOf(known, page)).toMatchObject({ host, port })
})
