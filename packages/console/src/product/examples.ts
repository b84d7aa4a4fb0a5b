import arduino from '../../../../examples/arduino/device.ino?raw'
import linkSdkC from '../../../../examples/link-sdk-c/device.c?raw'
import shellRegnwl from '../../../../examples/mosquitto/device.sh?raw'
import shellRegister from '../../../../examples/mosquitto/register.sh?raw'
import nodeRegister from '../../../../examples/node/register.mjs?raw'
import nodeRegnwl from '../../../../examples/node/regnwl.mjs?raw'
import pythonRegnwl from '../../../../examples/python/device.py?raw'
import pythonRegister from '../../../../examples/python/register.py?raw'
import type { ExampleKind } from './fill-example.ts'

interface Example {
  kind: ExampleKind
  label: string
  file: string
  /** For a product that lets in devices that nobody created, and for one that does not. */
  free: string
  preregistered: string
  /** Installs what the code needs and runs it; where that is one line in a shell. */
  run: string | null
}

/** The project's own examples, which the tests run. */
export const EXAMPLES: readonly Example[] = [
  {
    kind: 'node',
    label: 'Node.js',
    file: 'device.mjs',
    free: nodeRegnwl,
    preregistered: nodeRegister,
    run: 'npm install mqtt && node device.mjs',
  },
  { kind: 'c', label: 'Link SDK C', file: 'device.c', free: linkSdkC, preregistered: linkSdkC, run: null },
  {
    kind: 'python',
    label: 'Python',
    file: 'device.py',
    free: pythonRegnwl,
    preregistered: pythonRegister,
    run: 'python3 -m venv venv && venv/bin/pip install paho-mqtt && venv/bin/python device.py',
  },
  { kind: 'arduino', label: 'Arduino / ESP32', file: 'device.ino', free: arduino, preregistered: arduino, run: null },
  {
    kind: 'shell',
    label: 'mosquitto',
    file: 'device.sh',
    free: shellRegnwl,
    preregistered: shellRegister,
    run: 'bash device.sh',
  },
]
