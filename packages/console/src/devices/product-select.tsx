import { useInfiniteQuery } from '@tanstack/react-query'
import { Select } from 'antd'
import { useText } from '../i18n/preferences.ts'
import { productsQuery } from '../products/products-query.ts'
import { devicesText } from './text.ts'

interface ProductSelectProps {
  id?: string
  value?: string | undefined
  onChange?: (productKey: string | undefined) => void
  allowClear?: boolean
}

/** One of the products, found by name or ProductKey. */
export function ProductSelect({ id, value, onChange, allowClear = false }: ProductSelectProps) {
  const t = useText(devicesText)
  const { data } = useInfiniteQuery(productsQuery)
  const options = (data?.pages.flatMap(page => page.items) ?? []).map(({ productKey, name }) => ({
    value: productKey,
    label: `${name} (${productKey})`,
  }))
  return (
    <Select
      {...(id === undefined ? {} : { id })}
      className="grow"
      aria-label={t.product}
      placeholder={allowClear ? t.allProducts : t.chooseProduct}
      allowClear={allowClear}
      showSearch={{ optionFilterProp: 'label' }}
      value={value ?? null}
      options={options}
      onChange={next => onChange?.(next ?? undefined)}
    />
  )
}
