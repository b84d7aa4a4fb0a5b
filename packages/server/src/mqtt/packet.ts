import type { Auth } from './auth.ts'
import type { Connack } from './connack.ts'
import type { Connect } from './connect.ts'
import type { Disconnect } from './disconnect.ts'
import type { Pingreq } from './pingreq.ts'
import type { Pingresp } from './pingresp.ts'
import type { Puback } from './puback.ts'
import type { Pubcomp } from './pubcomp.ts'
import type { Publish } from './publish.ts'
import type { Pubrec } from './pubrec.ts'
import type { Pubrel } from './pubrel.ts'
import type { Suback } from './suback.ts'
import type { Subscribe } from './subscribe.ts'
import type { Unsuback } from './unsuback.ts'
import type { Unsubscribe } from './unsubscribe.ts'

/** Every MQTT control packet, told apart by `type`. The same shapes serve all protocol levels. */
export type Packet =
  | Connect
  | Connack
  | Publish
  | Puback
  | Pubrec
  | Pubrel
  | Pubcomp
  | Subscribe
  | Suback
  | Unsubscribe
  | Unsuback
  | Pingreq
  | Pingresp
  | Disconnect
  | Auth
