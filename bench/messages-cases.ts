/** Who sends to whom. */
export type Shape = 'fan-in' | 'fan-out' | 'pairs'

export interface MessageCase {
  id: string
  title: string
  shape: Shape
  publishers: number
  subscribers: number
  qos: 0 | 1
  /** Messages in one write. */
  perWrite: number
  /** Writes that one publisher has out: the next leaves when one is delivered, at QoS 1 acknowledged as well. */
  window: number
  /** Messages a second over all publishers, evenly spaced, whatever comes back; 0 = as fast as the window lets them. */
  ratePerSecond: number
}

const PIPELINED = { 0: 32, 1: 16 } as const
const SHAPES = {
  'fan-in': { publishers: 50, subscribers: 1, words: 'fan-in 50 to 1' },
  'fan-out': { publishers: 1, subscribers: 100, words: 'fan-out 1 to 100' },
  pairs: { publishers: 100, subscribers: 100, words: '100 pairs' },
} as const

function pipelined(shape: Shape, qos: 0 | 1): MessageCase {
  const { words, ...counts } = SHAPES[shape]
  const perWrite = PIPELINED[qos]
  const title = `${words}, QoS ${qos}, ${perWrite} a write`
  const id = `${shape}-qos${qos}-pipelined`
  return { id, title, shape, ...counts, qos, perWrite, window: 2, ratePerSecond: 0 }
}

function single(shape: Shape, qos: 0 | 1): MessageCase {
  const { words, ...counts } = SHAPES[shape]
  const title = `${words}, QoS ${qos}, one outstanding`
  const id = `${shape}-qos${qos}-single`
  return { id, title, shape, ...counts, qos, perWrite: 1, window: 1, ratePerSecond: 0 }
}

function paced(ratePerSecond: number, qos: 0 | 1): MessageCase {
  const { words, ...counts } = SHAPES['fan-in']
  const title = `${words}, QoS ${qos}, paced ${ratePerSecond.toLocaleString('en')}/s`
  const id = `fan-in-qos${qos}-paced-${ratePerSecond}`
  return { id, title, shape: 'fan-in', ...counts, qos, perWrite: 1, window: 1, ratePerSecond }
}

export const MESSAGE_CASES: readonly MessageCase[] = [
  pipelined('fan-in', 0),
  pipelined('fan-in', 1),
  pipelined('fan-out', 0),
  pipelined('pairs', 0),
  pipelined('pairs', 1),
  single('fan-in', 0),
  single('fan-in', 1),
  single('fan-out', 0),
  single('pairs', 0),
  single('pairs', 1),
  paced(4000, 0),
  paced(4000, 1),
  paced(20_000, 0),
  paced(20_000, 1),
]

export interface Wiring {
  /** What each publisher publishes to. */
  topics: readonly string[]
  /** What each subscriber subscribes to. */
  filters: readonly string[]
  /** How many subscribers get each message. */
  copies: number
}

/**
 * Topics as the LinkKit protocol has them: a device publishes to its own, an application follows one device or all of a
 * product, and a broadcast goes to all devices of a product.
 */
export function wiringOf(
  { shape, publishers, subscribers }: MessageCase,
  product: string,
  names: readonly string[],
): Wiring {
  if (shape === 'fan-out') {
    const topic = `/broadcast/${product}/news`
    return { topics: [topic], filters: Array<string>(subscribers).fill(topic), copies: subscribers }
  }
  const topics = names.slice(0, publishers).map(name => `/${product}/${name}/user/update`)
  if (shape === 'fan-in') return { topics, filters: [`/${product}/+/user/update`], copies: 1 }
  return { topics, filters: topics, copies: 1 }
}
