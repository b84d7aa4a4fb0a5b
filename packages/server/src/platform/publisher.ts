import type { Broker, Message } from '../broker/port.ts'
import type { TimeMs } from '../registry/types.ts'

/** The platform's own voice. A failure is told at most once in this time: a broker that is closing fails for every device. */
export const failureReportIntervalMs = 1000

export interface Publisher {
  publish(topic: string, payload: string, qos: Message['qos']): void
}

/** Publishes without waiting; what can't be published is reported and lost, as the device would ask again. */
export function createPublisher(parts: {
  broker: Pick<Broker, 'publish'>
  clock: () => TimeMs
  onError: (error: unknown) => void
}): Publisher {
  const { broker, clock, onError } = parts
  let silentUntil = 0
  const failed = (error: unknown): void => {
    const now = clock()
    if (now < silentUntil) return
    silentUntil = now + failureReportIntervalMs
    onError(error)
  }
  return {
    publish(topic, payload, qos) {
      try {
        broker.publish({ topic, payload: Buffer.from(payload), qos }).catch(failed)
      } catch (error) {
        failed(error)
      }
    },
  }
}
