/** What a page knows about the product and the server. */
export interface ConnectValues {
  host: string
  port: number
  productKey: string
  productSecret: string
  deviceName: string
  /** The CA file that devices pin, PEM. */
  ca: string
  /** Whether a device that nobody created may register (regnwl). */
  isFree: boolean
}

export type ExampleKind = 'node' | 'python' | 'shell' | 'c' | 'arduino'

/** Where an example's settings stand, and what stands there instead in code that is ready to paste. */
type Replacement = readonly [pattern: RegExp, text: string]

const MIN_PRINTABLE = 0x20
/** Inside double quotes this is the same in JavaScript, Python, C and C++. */
const quoted = (text: string): string =>
  `"${[...text]
    .filter(letter => letter.charCodeAt(0) >= MIN_PRINTABLE)
    .map(letter => (letter === '"' || letter === '\\' ? `\\${letter}` : letter))
    .join('')}"`
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
const lines = (pem: string): string[] => pem.trim().split('\n')

const REPLACEMENTS: Readonly<Record<ExampleKind, (values: ConnectValues) => readonly Replacement[]>> = {
  node: ({ host, port, productKey, productSecret, deviceName, ca }) => [
    [
      /^const \{ HOST = .*\} = process\.env$/m,
      `const HOST = ${quoted(host)}\nconst PORT = '${port}'\nconst CA = \`${ca.trim()}\n\``,
    ],
    [
      /^const \{ PRODUCT_KEY = .*\} = process\.env$/m,
      `const PRODUCT_KEY = ${quoted(productKey)}\nconst PRODUCT_SECRET = ${quoted(productSecret)}\nconst DEVICE_NAME = ${quoted(deviceName)}`,
    ],
    [/readFileSync\(CA\)/, 'CA'],
    [/^const \{ STAY = .*$/m, 'const STAY = true'],
  ],
  python: ({ host, port, productKey, productSecret, deviceName, ca }) => [
    [/^Needs PRODUCT_KEY.*Runs on/m, 'Runs on'],
    [/^HOST = .*$/m, `HOST = ${quoted(host)}`],
    [/^PORT = .*$/m, `PORT = ${port}`],
    [/^CA = .*$/m, `CA = "ca.pem"\nwith open(CA, "w") as file:\n    file.write("""${lines(ca).join('\n')}\n""")`],
    [/^PRODUCT_KEY = .*$/m, `PRODUCT_KEY = ${quoted(productKey)}`],
    [/^PRODUCT_SECRET = .*$/m, `PRODUCT_SECRET = ${quoted(productSecret)}`],
    [/^DEVICE_NAME = .*$/m, `DEVICE_NAME = ${quoted(deviceName)}`],
    [/^# 1: stay .*\nSTAY = .*$/m, 'STAY = True'],
  ],
  shell: ({ host, port, productKey, productSecret, deviceName, ca }) => [
    [/ Needs PRODUCT_KEY and PRODUCT_SECRET\.$/m, ''],
    [
      /^HOST=\$\{HOST.*$/m,
      [
        `HOST=${shellQuoted(host)} PORT=${port} CA=ca.pem DEVICE_NAME=${shellQuoted(deviceName)}`,
        `PRODUCT_KEY=${shellQuoted(productKey)} PRODUCT_SECRET=${shellQuoted(productSecret)}`,
        'cat > "$CA" <<\'PEM\'',
        ...lines(ca),
        'PEM',
      ].join('\n'),
    ],
    [/^STAY=.*$/m, 'STAY=1'],
  ],
  c: ({ host, port, productKey, productSecret, deviceName, ca, isFree }) => [
    [/^#define HOST .*$/m, `#define HOST ${quoted(host)}`],
    [/^#define PORT .*$/m, `#define PORT ${port}`],
    [/^#define PRODUCT_KEY .*$/m, `#define PRODUCT_KEY ${quoted(productKey)}`],
    [/^#define PRODUCT_SECRET .*$/m, `#define PRODUCT_SECRET ${quoted(productSecret)}`],
    [/^#define DEVICE_NAME .*$/m, `#define DEVICE_NAME ${quoted(deviceName)}`],
    [/^#define NO_WHITELIST .*$/m, `#define NO_WHITELIST ${isFree ? 1 : 0}`],
    [
      /^#define CA .*$/m,
      `#define CA \\\n${lines(ca)
        .map(line => `    "${line}\\n"`)
        .join(' \\\n')}`,
    ],
  ],
  arduino: ({ host, port, productKey, productSecret, deviceName, ca, isFree }) => [
    [/^const char \*HOST = .*$/m, `const char *HOST = ${quoted(host)};`],
    [/^const uint16_t PORT = .*$/m, `const uint16_t PORT = ${port};`],
    [/^const String PRODUCT_KEY = .*$/m, `const String PRODUCT_KEY = ${quoted(productKey)};`],
    [/^const String PRODUCT_SECRET = .*$/m, `const String PRODUCT_SECRET = ${quoted(productSecret)};`],
    [/^const String DEVICE_NAME = .*$/m, `const String DEVICE_NAME = ${quoted(deviceName)};`],
    [/^const bool PREREGISTERED = .*$/m, `const bool PREREGISTERED = ${!isFree};`],
    [/^const char \*CA = .*$/m, `const char *CA = R"PEM(${lines(ca).join('\n')}\n)PEM";`],
  ],
}

/**
 * An example with this product's values in place of its settings, ready to paste. Throws where the example no longer has a
 * setting that it should have.
 */
export function fillExample(kind: ExampleKind, example: string, values: ConnectValues): string {
  return REPLACEMENTS[kind](values).reduce((text, [pattern, replacement]) => {
    if (!pattern.test(text)) throw new Error(`the ${kind} example has nothing that looks like ${pattern}`)
    // A function, because $ in a secret is no pattern of replace.
    return text.replace(pattern, () => replacement)
  }, example)
}
