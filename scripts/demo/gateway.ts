/** An edge gateway: ten readings a second, buffered on disk until the hub has them. `--readings N` ends it after N. */
import { parseArgs } from 'node:util'
import { gateway } from '../../src/client/node.ts'

const { values } = parseArgs({
  options: {
    hub: { type: 'string', default: 'http://127.0.0.1:8080' },
    buffer: { type: 'string', default: './data/gateway' },
    readings: { type: 'string', default: 'Infinity' }
  }
})
const edge = gateway(values.hub, { directory: values.buffer })
for (let reading = 0; reading < Number(values.readings); reading++) {
  const value = 12 + Math.round(100 * Math.sin(reading / 20)) / 100
  edge.push({
    submodel: 'https://plant.example/sm/imm-01/operational-data',
    path: 'CycleTime',
    time: Date.now(),
    value
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
}
await edge.drain()
edge.close()
