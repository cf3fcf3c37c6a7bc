/**
 * `npm run demo`: the hub with a sample plant, in its own data directory. All settings of the hub apply;
 * with `--move`, some values of the machine change once a second.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { encodeId } from '../../src/model/identifier.ts'
import { createServer, type Server } from '../../src/server.ts'
import { uploadPictures } from './pictures.ts'
import { BASE, OPERATIONAL_DATA, plant } from './plant.ts'

const OPERATIONS = join(import.meta.dirname, 'operations.ts')

const { config, given, extra } = settings()
await mkdir(config.DATA_DIR, { recursive: true })
const file = join(config.DATA_DIR, 'plant.json')
await writeFile(file, JSON.stringify(plant()))

const server = await createServer({ ...config, PRELOAD: file, OPERATIONS: config.OPERATIONS || OPERATIONS }, { given })
const url = await server.listen()
const api = url + config.API_PREFIX
// Where callers must authenticate, the plant is without pictures.
await uploadPictures(api).catch(() => {})
const machine = `${api}/submodels/${encodeId(OPERATIONAL_DATA)}`
const control = `${api}/submodels/${encodeId(`${BASE}/sm/imm-01/control`)}`
console.log(`
  A sample plant is loaded: one injection moulding line with a machine and its mould. Open ${url} in a browser, or try:

  ${url}/docs
  ${api}/shells
  ${machine}
  curl -X PATCH '${machine}/submodel-elements/CycleTime/$value' -H 'content-type: application/json' -d 12.7
  ${machine}/$value
  curl '${control}/submodel-elements/StartProduction/invoke/$value' -H 'content-type: application/json' \\
    -d '{"inputArguments":{"OrderNumber":"WO-2026-0512","Quantity":1000}}'
  ${api}/validation
`)
const moving = extra.has('move') ? setInterval(() => void move(server, machine), 1000) : undefined

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    clearInterval(moving)
    void server.close().then(() => process.exit())
  })
}

function settings() {
  try {
    return readConfig({ DATA_DIR: './data/demo', LOG_LEVEL: 'warn', ...process.env }, process.argv.slice(2), {
      move: false
    })
  } catch (error) {
    if (error instanceof ConfigError) console.error(error.message)
    else throw error
    return process.exit(1)
  }
}

let shots = 1_204_377

/** One shot of the machine, written with operations of the standard: PATCH …/$value of each property. */
async function move({ app }: Server, machine: string): Promise<void> {
  const around = (middle: number, spread: number) => (middle + (Math.random() - 0.5) * spread).toFixed(2)
  const values = {
    CycleTime: around(12.4, 0.6),
    InjectionPressure: around(1185, 30),
    PartWeight: around(2.32, 0.02),
    ShotCount: String(++shots),
    LastShot: new Date().toISOString(),
    'BarrelTemperatures[0]': around(220, 1)
  }
  for (const [path, value] of Object.entries(values)) {
    const address = `${new URL(machine).pathname}/submodel-elements/${encodeURIComponent(path)}/$value`
    const headers = { 'content-type': 'application/json' }
    const { statusCode, body } = await app.inject({
      method: 'PATCH',
      url: address,
      headers,
      payload: JSON.stringify(value)
    })
    if (statusCode >= 400) app.log.warn({ path, statusCode, body }, 'The value was refused')
  }
}
