import { Type } from 'typebox'
import type { ProductView } from '../registry/types.ts'
import type { HttpParts } from './parts.ts'
import { productNotFound } from './problem.ts'
import { boundedText, count, flag, iso, nullable, ref, text, time, wholeNumber } from './schemas.ts'

const MAX_NAME_LENGTH = 64
const MAX_CLIENT_IDS = 100

const SETTINGS = {
  dynamicRegistration: flag('The dynamic-registration switch: whether devices may register; without it off'),
  preregistrationFree: flag(
    'Whether devices that nobody created may register (regnwl); needs the switch too; without it off',
  ),
  registrationByGateways: flag(
    'Whether any device that is logged in may register its devices, as a gateway; needs the switch too; without it off',
  ),
  tlsOnly: flag('Whether logins over plain TCP and ws are refused; without it off'),
  strictKeepAlive: flag('Whether logins with a Keep Alive below 30 s are refused; without it off'),
  clientIdLimit: wholeNumber('How many ClientIDs one device name may hold; without it 5', 1, MAX_CLIENT_IDS),
}
const name = boundedText('Name for people', MAX_NAME_LENGTH)

export const NewProduct = Type.Object(
  {
    name,
    productKey: Type.Optional(boundedText('1 to 20 letters and digits; without it a new one is made', 64)),
    productSecret: Type.Optional(boundedText('1 to 64 printable characters; without it a new one is made', 128)),
    ...Type.Partial(Type.Object(SETTINGS)).properties,
  },
  { additionalProperties: false },
)

export const ProductChange = Type.Partial(Type.Object({ name, ...SETTINGS }), { additionalProperties: false })

export const ProductDeletion = Type.Object(
  { withDevices: Type.Optional(flag('Delete its devices too: their connections and credentials end')) },
  { additionalProperties: false },
)

const PRODUCT = {
  productKey: text('Public id of the product'),
  name: text('Name for people'),
  ...SETTINGS,
  deviceCount: count('Devices of the product'),
  onlineCount: count('Those that are connected'),
  createdAt: time('When it was created'),
  updatedAt: time('When its name or settings last changed'),
}
export const ProductReply = Type.Object(PRODUCT, { $id: 'Product', description: 'A product; never with its secret' })
export type ProductReply = Type.Static<typeof ProductReply>

const productSecret = text('The secret that every unit of the product carries')
export const CreatedProduct = Type.Object({ ...PRODUCT, productSecret }, { description: 'The product with its secret' })
export const ProductSecret = Type.Object(
  { productKey: text('Public id of the product'), productSecret },
  { description: 'The secret' },
)
export const ProductPage = Type.Object(
  {
    items: Type.Array(ref(ProductReply)),
    nextCursor: nullable.text('Null on the last page'),
    total: count('Products that the key covers'),
  },
  { description: 'One page' },
)

/** The product as the API shows it; a Problem if there is none. */
export async function productReplyFor(registry: HttpParts['registry'], productKey: string): Promise<ProductReply> {
  const view = await registry.store.productView(productKey)
  if (view === undefined) throw productNotFound()
  return productReply(view)
}

export const productReply = ({ createdAt, updatedAt, ...view }: ProductView): ProductReply => ({
  ...view,
  createdAt: iso(createdAt),
  updatedAt: iso(updatedAt),
})
