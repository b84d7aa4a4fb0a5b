import { createSecureContext, type SecureContext } from 'node:tls'
import type { Connect, ProtocolLevel } from '../../../mqtt/index.ts'
import type { UpstreamAddress } from './address.ts'
import { type UpstreamHost, UpstreamHosts } from './hosts.ts'

export interface UpstreamLog {
  info(values: object, message: string): void
  warn(values: object, message: string): void
}

export interface UpstreamOptions {
  readonly address: UpstreamAddress
  /** PEM of the authorities that the hosts' certificates are checked by; those of the runtime if not given. */
  readonly tlsCa?: string | undefined
  /** For a client, over all hosts. */
  readonly connectTimeoutMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: UpstreamLog
}

/** The cluster: how one gets there, and what is known of it. */
export class Upstream {
  readonly hosts: UpstreamHosts
  readonly secureContext: SecureContext | undefined
  readonly connectTimeoutMs: number
  readonly now: () => number
  /** Undefined until it is known. */
  speaksMqtt5: boolean | undefined
  /** It hung up on the gateway's own CONNECT of MQTT 5 and took one of 3.1.1: if it does that to a client too, the version is why. */
  hungUpOnMqtt5 = false
  readonly #address: UpstreamAddress
  readonly #log: UpstreamLog

  /** Throws if the authorities are no PEM. */
  constructor({ address, tlsCa, connectTimeoutMs, now, log }: UpstreamOptions) {
    this.#address = address
    this.hosts = new UpstreamHosts(address, now)
    // Made once: to parse the authorities anew for each connection would cost more than all the rest.
    const authorities = tlsCa === undefined ? {} : { ca: tlsCa }
    this.secureContext = address.isTls ? createSecureContext({ minVersion: 'TLSv1.2', ...authorities }) : undefined
    this.connectTimeoutMs = connectTimeoutMs
    this.now = now
    this.#log = log
  }

  /** What the cluster is shown instead of the client's own credentials. */
  get credentials(): Pick<Connect, 'userName' | 'password'> {
    const { userName, password } = this.#address
    return {
      ...(userName === undefined ? {} : { userName }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
    }
  }

  /** The level that the gateway's own connections speak. */
  get level(): ProtocolLevel {
    return this.speaksMqtt5 === true ? 5 : 4
  }

  failed(host: UpstreamHost, problem: string): void {
    if (host.reachable || host.failures === 0)
      this.#log.warn({ host: host.name, problem }, 'an upstream host does not answer')
    this.hosts.failed(host)
  }

  succeeded(host: UpstreamHost): void {
    if (!host.reachable) this.#log.info({ host: host.name }, 'an upstream host answers')
    this.hosts.succeeded(host)
  }
}
