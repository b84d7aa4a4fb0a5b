import type { ProtocolLevel, Suback, Subscribe } from '../../mqtt/index.ts'
import { type FilterRefusal, filterRefusal, subackCode } from '../client/filter-refusal.ts'
import type { Rights } from '../client/rights.ts'

/** SUBSCRIBEs of one client that the cluster has not answered. */
const maxUnanswered = 1000

export interface RefusedFilter {
  readonly filter: string
  readonly refusal: FilterRefusal
}

/** What becomes of a SUBSCRIBE. */
export interface JudgedSubscribe {
  /** What goes to the cluster: the packet itself, one with fewer filters, or none. */
  readonly forwarded: Subscribe | undefined
  /** The answer, if the cluster is not asked. */
  readonly answer: Suback | undefined
  readonly refused: readonly RefusedFilter[]
}

interface Unanswered {
  /** Of the filters that went to the cluster. */
  readonly filters: readonly string[]
  /** One for each filter of the client; undefined = the cluster's to give. Undefined if all are. */
  readonly codes: readonly (number | undefined)[] | undefined
  readonly reasonString: string | undefined
}

export interface AnsweredSubscribe {
  /** What the client gets; undefined = the cluster's SUBACK as it came. */
  readonly suback: Suback | undefined
  /** Filters that the cluster refused, each with its code. */
  readonly refusedUpstream: readonly { readonly filter: string; readonly code: number }[]
}

/** Takes forbidden filters out of SUBSCRIBEs, and puts their codes back into the SUBACKs. [MQTT-3.8.4-6] */
export class Subscriptions {
  readonly #rights: Rights
  readonly #level: ProtocolLevel
  readonly #unanswered = new Map<number, Unanswered>()

  constructor(rights: Rights, level: ProtocolLevel) {
    this.#rights = rights
    this.#level = level
  }

  /** Undefined = too many are unanswered. */
  judge(packet: Subscribe): JudgedSubscribe | undefined {
    if (this.#unanswered.size >= maxUnanswered) return undefined
    const refusals = packet.subscriptions.map(({ filter }) => filterRefusal(filter, this.#rights))
    const refused = refusals.flatMap((refusal, at) => {
      const subscription = packet.subscriptions[at]
      return refusal === undefined || subscription === undefined ? [] : [{ filter: subscription.filter, refusal }]
    })
    const [first] = refused
    const reasonString = first === undefined ? undefined : `${first.filter}: ${first.refusal.problem}`
    const codes = refusals.map(refusal => (refusal === undefined ? undefined : subackCode(refusal, this.#level)))
    const allowed = packet.subscriptions.filter((_, at) => refusals[at] === undefined)
    if (allowed.length === 0)
      return { forwarded: undefined, refused, answer: suback(packet.packetId, codes, reasonString) }
    const filters = allowed.map(({ filter }) => filter)
    const isWhole = refused.length === 0
    this.#unanswered.set(packet.packetId, { filters, codes: isWhole ? undefined : codes, reasonString })
    return { forwarded: isWhole ? packet : { ...packet, subscriptions: allowed }, refused, answer: undefined }
  }

  answered(packet: Suback): AnsweredSubscribe {
    const asked = this.#unanswered.get(packet.packetId)
    if (asked === undefined) return { suback: undefined, refusedUpstream: [] }
    this.#unanswered.delete(packet.packetId)
    const refusedUpstream = asked.filters.flatMap((filter, at) => {
      const code = packet.reasonCodes[at] ?? 0
      return code < 0x80 ? [] : [{ filter, code }]
    })
    if (asked.codes === undefined) return { suback: undefined, refusedUpstream }
    const given = packet.reasonCodes.values()
    const codes = asked.codes.map(code => code ?? given.next().value ?? 0x80)
    const properties = { ...packet.properties, reasonString: packet.properties?.reasonString ?? asked.reasonString }
    return { suback: { ...packet, reasonCodes: codes, properties }, refusedUpstream }
  }
}

function suback(packetId: number, codes: readonly (number | undefined)[], reasonString: string | undefined): Suback {
  const properties = reasonString === undefined ? undefined : { reasonString }
  return { type: 'suback', packetId, reasonCodes: codes.map(code => code ?? 0x80), properties }
}
