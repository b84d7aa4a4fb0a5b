import { InvalidArgumentError } from 'commander'

/** What firmware gets wrong in the field, and in what way a server meets it. */
export const MISBEHAVIOURS = {
  'wrong-secret': 'signs with another secret',
  'no-closing-bar': 'leaves out the last | of the clientId',
  'unknown-product': 'names a ProductKey that does not exist',
  slow: 'sends half of its CONNECT and stops',
} as const

export type Misbehaviour = keyof typeof MISBEHAVIOURS
/** Share of the devices, percent. */
export type Misbehaviours = ReadonlyMap<Misbehaviour, number>

const DEFAULT_PERCENT = 10
const ALL_PERCENT = 100
/** Without a common factor with 100, so that 100 devices in a row take each place once, the first ones far apart. */
const STRIDE = 37

const isKind = (text: string): text is Misbehaviour => Object.hasOwn(MISBEHAVIOURS, text)

/** For `argParser`: `kind[=percent]`, a comma list. */
export function misbehaviours(text: string, before: Misbehaviours = new Map()): Misbehaviours {
  const all = new Map(before)
  for (const piece of text.split(',')) {
    const [kind = '', percent = String(DEFAULT_PERCENT)] = piece.trim().split('=')
    if (!isKind(kind)) {
      throw new InvalidArgumentError(
        `"${kind}" is no kind of misbehaviour. Give one of ${Object.keys(MISBEHAVIOURS).join(', ')}.`,
      )
    }
    if (!/^\d{1,3}$/.test(percent) || Number(percent) > ALL_PERCENT) {
      throw new InvalidArgumentError(`The share of ${kind} is a whole number of percent, such as ${kind}=10.`)
    }
    all.set(kind, Number(percent))
  }
  const total = [...all.values()].reduce((sum, percent) => sum + percent, 0)
  if (total <= ALL_PERCENT) return all
  throw new InvalidArgumentError(`The shares come to ${total} %. Give 100 % at most.`)
}

/** What device number `index` gets wrong: the same each time, and each kind spread over the fleet. */
export function misbehaviourOf(index: number, shares: Misbehaviours): Misbehaviour | undefined {
  let place = (index * STRIDE) % ALL_PERCENT
  for (const [kind, percent] of shares) {
    if (place < percent) return kind
    place -= percent
  }
  return undefined
}
