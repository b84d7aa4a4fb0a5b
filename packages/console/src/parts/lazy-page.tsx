import { Spin } from 'antd'
import { type ComponentType, lazy, Suspense } from 'react'

/** A page that is fetched when it is first shown. */
export function lazyPage<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const Loaded = lazy(async () => ({ default: (await load()) as ComponentType<object> }))
  return props => (
    <Suspense fallback={<Spin className="waiting" />}>
      <Loaded {...props} />
    </Suspense>
  )
}
