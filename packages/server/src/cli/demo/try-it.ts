import type { Stage } from './stage.ts'
import type { Cast } from './story.ts'

export interface TryIt {
  server: { http: string; caFile: string; adminToken: string | null; setupLink: string | null }
  stage: Pick<Stage, 'tlsUrl'>
  cast: Pick<Cast, 'product' | 'application' | 'sensor'>
  dataDir: string
}

/** Commands that work as they are while the demo is up, to paste into another terminal. */
export function tryItText({ server, stage, cast, dataDir }: TryIt): string {
  const { http, caFile, adminToken, setupLink } = server
  const { productKey, productSecret } = cast.product
  const { hostname, port } = new URL(stage.tlsUrl)
  return `
The server stays up until Ctrl-C. In another terminal, in this folder:

# watch registrations and refusals as they happen
export HATCHWAY_SERVER=${http}
export HATCHWAY_DATA_DIR=${dataDir}
npx hatchway journal --follow

# be a device: register, then log in and listen
npx hatchway register --url ${stage.tlsUrl} \\
  --ca ${caFile} \\
  --product-key ${productKey} --product-secret ${productSecret} \\
  --device-name my-device-1 --mode regnwl --out my-device-1.json
npx hatchway connect --credentials my-device-1.json \\
  --subscribe /${productKey}/my-device-1/user/get

# watch a fleet come, a part of it with the mistakes of real firmware
npx hatchway simulate --devices 50 --misbehave wrong-secret=10,no-closing-bar=10

# talk to ${cast.sensor.deviceName} as an application; what it receives shows up here
mosquitto_pub -h ${hostname} -p ${port} \\
  --cafile ${caFile} \\
  -u ${cast.application.keyId} \\
  -P ${cast.application.secret} \\
  -t /${productKey}/${cast.sensor.deviceName}/user/get -m '{"led":0}'

# the HTTP API
curl -H 'Authorization: Bearer ${adminToken ?? ''}' \\
  ${http}/api/v1/products/${productKey}/devices
${setupLink === null ? '' : consoleText(setupLink)}
`
}

/** The last thing that is said, so that it is the first to be seen. */
const consoleText = (setupLink: string): string => `
The same in a browser, with the reason why a device was refused: open this link
and set a password of your own (12 characters or more) for the web console.
${setupLink}
`
