import { PLATFORM_TOPICS, parseSubDeviceRegistration, subDeviceRegistrationReply } from '@hatchway/protocol'
import type { Broker, ReceivedMessage } from '../broker/port.ts'
import type { GatewayAnswer, Onboarding } from '../onboarding/admission.ts'

/** Requests whose answer is not there yet; further ones are told to come later. */
const MAX_UNDER_WAY = 200

const LATER: GatewayAnswer = { code: 500, registered: [] }

export interface SubDevicesParts {
  broker: Pick<Broker, 'tap' | 'privateLine'>
  onboarding: Pick<Onboarding, 'registerByGateway'>
  onError: (error: unknown) => void
  maxUnderWay?: number
}

export interface SubDevices {
  /** Waits for the answers that are under way. Close before the registry. */
  close(): Promise<void>
}

/**
 * Answers gateways that register their sub-devices. The answer holds DeviceSecrets, so it goes to the connection that
 * asked and to nobody else: not to whoever has subscribed to its topic, and not to whoever watches the gateway.
 */
export function answerSubDevices({
  broker,
  onboarding,
  onError,
  maxUnderWay = MAX_UNDER_WAY,
}: SubDevicesParts): SubDevices {
  const { subRegister, subRegisterReply } = PLATFORM_TOPICS
  const underWay = new Set<Promise<void>>()

  const answer = async ({ topic, payload, from }: ReceivedMessage): Promise<void> => {
    if (from.kind !== 'device' || topic !== subRegister.build(from)) return
    // Kept from now on: who takes the session over meanwhile may come without TLS, or be another unit.
    const line = broker.privateLine(from.sessionId)
    if (line === undefined) return
    const { productKey, deviceName } = from
    const { address, transport } = line
    const request = parseSubDeviceRegistration(payload)
    const gateway = { productKey, deviceName, address, transport }
    const { code, registered } =
      underWay.size < maxUnderWay ? await onboarding.registerByGateway(request, gateway) : LATER
    const reply = subDeviceRegistrationReply(request.id, code, registered)
    line.sendPrivately({ topic: subRegisterReply.build(from), payload: Buffer.from(reply) })
  }
  const untap = broker.tap(subRegister.template.replace('{pk}/{dn}', '+/+'), message => {
    const answering = answer(message)
      .catch(onError)
      .finally(() => underWay.delete(answering))
    underWay.add(answering)
  })
  return {
    async close() {
      untap()
      await Promise.all(underWay)
    },
  }
}
