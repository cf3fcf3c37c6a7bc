/**
 * The OPC UA client against a server of another family, asyncua, with security on: discovery, trust, a user, and values; and
 * the OPC UA server against a client of that family.
 *
 *   node scripts/conformance/opcua.ts
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { certificates } from '../../src/commands/certificates.ts'
import { discoverOpcua } from '../../src/commands/discover-opcua.ts'
import { encodeId } from '../../src/model/identifier.ts'
import { type HubProcess, startHub } from '../hub-process.ts'
import { freePort, listens } from '../ports.ts'
import { check, conclude } from './checks.ts'
import { ASYNCUA, run as runTool, tool } from './python.ts'

const SERVER = fileURLToPath(new URL('opcua_server.py', import.meta.url))
const CLIENT = fileURLToPath(new URL('opcua_client.py', import.meta.url))
const TIMEOUT_MS = 60_000
const AWAY_MS = 3000
const IDS = 'urn:conformance:press'

const reference = (value: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] })
const SERVED = {
  assetAdministrationShells: [
    {
      ...{
        modelType: 'AssetAdministrationShell',
        id: 'urn:shell',
        idShort: 'Press',
        submodels: [reference('urn:press')]
      },
      assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' }
    }
  ],
  submodels: [
    {
      ...{ modelType: 'Submodel', id: 'urn:press', idShort: 'OperationalData' },
      submodelElements: [
        { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double', value: '21.5' },
        { modelType: 'ReferenceElement', idShort: 'Plan', value: reference('urn:press') }
      ]
    }
  ]
}

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-opcua-'))
let machine: ChildProcess | undefined
await conclude(
  async () => {
    const python = await tool(ASYNCUA, 'python')
    await run(python)
    await serve(python)
  },
  () => {
    machine?.kill('SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  }
)

async function run(python: string): Promise<void> {
  const port = await freePort()
  const pki = join(scratch, 'certificates')
  const url = await startMachine(python, port)
  const userFile = join(scratch, 'user')
  writeFileSync(userFile, 'operator:secret\n')
  const flags = new Map([
    ['user-file', userFile],
    ['id-base', IDS],
    ['sampling', '0.1']
  ])
  const refused = await discoverOpcua(url, flags, pki).then(
    () => undefined,
    (error: Error) => error.message
  )
  check(
    'a server that is not trusted is refused with its thumbprint',
    /thumbprint [0-9a-f]{40}/.test(refused ?? ''),
    refused
  )
  await certificates(pki, ['trust', /thumbprint ([0-9a-f]{40})/.exec(refused ?? '')?.[1] ?? ''])
  const { environment, summary } = await discoverOpcua(url, flags, pki)
  check('the best endpoint is taken', /Basic256Sha256 with SignAndEncrypt/.test(summary.join()), summary)
  const file = join(scratch, 'press.json')
  writeFileSync(file, JSON.stringify(environment))
  mkdirSync(join(scratch, 'secrets', '127.0.0.1'), { recursive: true })
  writeFileSync(join(scratch, 'secrets', '127.0.0.1', 'opcua-user'), 'operator:secret\n')

  const settings = {
    ...{ DATA_DIR: join(scratch, 'data'), PORT: String(await freePort()), PRELOAD: file, TEMPLATES: 'enforce' },
    ...{ COLLECT_TARGETS: `127.0.0.1:${port}`, COLLECT_SECRETS: join(scratch, 'secrets'), OPCUA_CERTIFICATES: pki }
  }
  const hub = await startHub(settings)
  const valueAt = async (path: string): Promise<unknown> => {
    const response = await fetch(
      `${hub.api}/submodels/${encodeId(`${IDS}/OperationalData`)}/submodel-elements/${path}/$value`
    )
    return response.ok ? response.json() : undefined
  }
  const until = async (isTrue: () => Promise<boolean>) => {
    for (const end = Date.now() + TIMEOUT_MS; Date.now() < end; await sleep(200)) if (await isTrue()) return true
    return false
  }
  check('values arrive', await until(async () => Number(await valueAt('Machine.Counter')) > 10))
  check('texts, too', (await valueAt('Machine.Name')) === 'Presse 4', await valueAt('Machine.Name'))
  check('and lists', (await valueAt('Machine.Spectrum%5B1%5D')) === 1.5, await valueAt('Machine.Spectrum%5B1%5D'))

  await checkHistory(settings, hub)
}

/** What the server counted while the hub was away is read back. */
async function checkHistory(settings: Parameters<typeof startHub>[0], killed: HubProcess): Promise<void> {
  await killed.kill()
  await sleep(AWAY_MS)
  const hub = await startHub(settings)
  const query = `submodel=${encodeURIComponent(`${IDS}/OperationalData`)}&path=Machine.Counter&format=csv`
  let missing: number[] = []
  for (const end = Date.now() + TIMEOUT_MS; Date.now() < end; await sleep(200)) {
    const text = await (await fetch(`${hub.url}/timeseries?${query}`)).text()
    const counts = new Set([...text.matchAll(/,(\d+)(?:\.0)?\b/g)].map(([, count]) => Number(count)))
    const [first, last] = [Math.min(...counts), Math.max(...counts)]
    missing = Array.from({ length: last - first }, (_, at) => first + at).filter((count) => !counts.has(count))
    if (counts.size > (2 * AWAY_MS) / 100 && missing.length === 0) break
  }
  check('what was counted while the hub was away is read back', missing.length === 0, missing)
  await hub.kill('SIGTERM')
}

/** The hub as the server. */
async function serve(python: string): Promise<void> {
  const file = join(scratch, 'served.json')
  writeFileSync(file, JSON.stringify(SERVED))
  const [port, opcua] = [await freePort(), await freePort()]
  const settings = { DATA_DIR: join(scratch, 'served'), PORT: String(port), PRELOAD: file, OPCUA_PORT: String(opcua) }
  const hub = await startHub(settings)
  await listens(opcua, TIMEOUT_MS)
  const { output } = await runTool(python, [CLIENT, `opc.tcp://127.0.0.1:${opcua}`])
  const last = output.trim().split('\n').at(-1) ?? ''
  const seen = JSON.parse(last.startsWith('{') ? last : '{}')
  check(
    'a client of another family finds a Property by its names',
    seen.type === 'AASPropertyType',
    output.slice(-2000)
  )
  check('and reads its value and source time', seen.value === 21.5 && seen.hasTime === true, seen)
  check('monitors and writes it', JSON.stringify(seen.monitored) === '[21.5,42.5]', seen)
  check('and decodes the keys of a reference', seen.key === 'urn:press', seen)
  await hub.kill('SIGTERM')
}

async function startMachine(python: string, port: number): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'machine-'))
  machine = spawn(python, [SERVER, String(port), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (machine.stdout === null) throw new Error('The machine has no output')
  for await (const line of createInterface(machine.stdout)) return line
  throw new Error('The machine did not start')
}
