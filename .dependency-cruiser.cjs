// The import order of ARCHITECTURE.md: a room may import from rooms further down, never from one above, never in a circle.
// `rooms` is the list from top to bottom; the rules are derived from it.
const rooms = [
  ['console', '^packages/console/'],
  ['cli', '^packages/server/src/cli/'],
  ['app', '^packages/server/src/app/'],
  ['http', '^packages/server/src/http/'],
  ['gateway', '^packages/server/src/gateway/'],
  ['platform', '^packages/server/src/platform/'],
  ['onboarding', '^packages/server/src/onboarding/'],
  ['broker', '^packages/server/src/broker/'],
  ['registry', '^packages/server/src/registry/'],
  ['storage', '^packages/server/src/storage/'],
  ['ipc', '^packages/server/src/ipc/'],
  ['mqtt', '^packages/server/src/mqtt/'],
  ['device', '^packages/device/'],
  ['protocol', '^packages/protocol/'],
]
const testFile = '[.]test[.]ts$|[.]suite[.]ts$'

const upward = rooms.slice(1).map(([name, path], index) => ({
  name: `${name}-imports-down-only`,
  comment: `${name} may not import from a room above it`,
  severity: 'error',
  from: { path, pathNot: testFile },
  to: { path: rooms.slice(0, index + 1).map(([, above]) => above) },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...upward,
    {
      name: 'mqtt-knows-nothing-else',
      severity: 'error',
      from: { path: '^packages/server/src/mqtt/', pathNot: testFile },
      to: { pathNot: ['^packages/server/src/mqtt/', '^node:'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'protocol-is-pure',
      comment: 'protocol has no dependencies but the crypto of the runtime',
      severity: 'error',
      from: { path: '^packages/protocol/', pathNot: testFile },
      to: { pathNot: ['^packages/protocol/', '^(node:)?crypto$'] },
    },
    {
      name: 'device-and-console-stay-outside-the-server',
      severity: 'error',
      from: { path: '^packages/(device|console)/' },
      to: { path: '^packages/server/' },
    },
    {
      name: 'product-code-imports-no-tests',
      severity: 'error',
      from: { path: '^packages/', pathNot: testFile },
      to: { path: ['^test/', '^bench/', testFile] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/console/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js'],
    },
  },
}
