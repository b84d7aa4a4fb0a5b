import type { Right } from '../session/access.ts'

/** Pages of the menu, in its order, and the right that each needs. */
export const PAGES = [
  { path: '/', name: 'overview', right: 'read' },
  { path: '/products', name: 'products', right: 'read' },
  { path: '/devices', name: 'devices', right: 'read' },
  { path: '/journal', name: 'journal', right: 'read' },
  { path: '/explain', name: 'explain', right: 'operate' },
  { path: '/access', name: 'access', right: 'administer' },
  { path: '/audit', name: 'audit', right: 'administer' },
  { path: '/settings', name: 'settings', right: 'read' },
] as const satisfies readonly { path: string; name: string; right: Right }[]

const DEVICE_PAGE = /^\/products\/[^/]+\/devices\//

/** The menu's page that an address belongs to. */
export const pageOf = (path: string): string =>
  DEVICE_PAGE.test(path)
    ? '/devices'
    : (PAGES.findLast(page => path === page.path || path.startsWith(`${page.path}/`))?.path ?? path)

export const devicePath = (productKey: string, deviceName: string): string =>
  `/products/${encodeURIComponent(productKey)}/devices/${encodeURIComponent(deviceName)}`
export const productPath = (productKey: string, tab = ''): string =>
  `/products/${encodeURIComponent(productKey)}${tab === '' ? '' : `/${tab}`}`
