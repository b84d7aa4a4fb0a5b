import { logIn, registerDevice, showRefusal } from './devices.ts'
import { connectApplication, type DemoApplication, sendCommand, sendProperties, sendUpdate } from './messages.ts'
import type { DemoProduct, OnlineDevice, Stage } from './stage.ts'
import { shorten } from './wire.ts'

const SENSOR = 'sensor-0001'
const METER = 'meter-0001'
const BUGGY = 'sensor-0002'

export interface Cast {
  product: DemoProduct
  application: DemoApplication
  sensor: OnlineDevice
}

/** The whole demo, top to bottom. Each step rejects if the server does not do what it should. */
export async function tellStory(stage: Stage): Promise<Cast> {
  const product = await createProduct(stage)
  const secret = await registerDevice(stage, product, {
    deviceName: SENSOR,
    mode: 'register',
    title: `${SENSOR} registers: one CONNECT, and its own secret comes back`,
  })
  const sensor = await logIn(stage, secret, {
    step: 'secret-login',
    title: `${SENSOR} logs in with its own DeviceSecret, over TLS`,
    overTls: true,
  })
  const token = await registerDevice(stage, product, {
    deviceName: METER,
    mode: 'regnwl',
    title: `${METER}, which nobody created, registers preregistration-free`,
  })
  const meter = await logIn(stage, token, {
    step: 'token-login',
    title: `${METER} logs in with its DeviceToken, over plain TCP on the same port`,
    overTls: false,
  })
  const application = await connectApplication(stage, product)
  await sendProperties(stage, sensor, application)
  await sendUpdate(stage, meter, application)
  await sendCommand(stage, sensor)
  await showRefusal(stage, product, BUGGY)
  return { product, application, sensor }
}

async function createProduct({ api, teller }: Stage): Promise<DemoProduct> {
  const body = { name: 'Demo sensor', dynamicRegistration: true, preregistrationFree: true }
  const product = await api.request<DemoProduct>('POST', '/api/v1/products', { body })
  const { productKey, productSecret } = product
  for (const deviceName of [SENSOR, BUGGY]) {
    await api.request('POST', `/api/v1/products/${productKey}/devices`, { body: { deviceName } })
  }
  teller.tell({
    step: 'product',
    title: 'A product: every unit leaves the factory with this one secret',
    lines: [
      { name: 'ProductKey', value: productKey },
      { name: 'ProductSecret', value: shorten(productSecret) },
      { name: 'devices', value: `${SENSOR} and ${BUGGY} are created; ${METER} is not` },
    ],
    facts: { productKey },
  })
  return product
}
