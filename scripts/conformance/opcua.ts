/**
 * The OPC UA client against a server of another family, asyncua, with security on: discovery, trust, a user, and values.
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
import { freePort } from '../ports.ts'
import { check, conclude } from './checks.ts'
import { ASYNCUA, tool } from './python.ts'

const SERVER = fileURLToPath(new URL('opcua_server.py', import.meta.url))
const TIMEOUT_MS = 60_000
const AWAY_MS = 3000
const IDS = 'urn:conformance:press'

const scratch = mkdtempSync(join(tmpdir(), 'aas-hub-opcua-'))
let machine: ChildProcess | undefined
await conclude(
  async () => {
    await run(await tool(ASYNCUA, 'python'))
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

async function startMachine(python: string, port: number): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'machine-'))
  machine = spawn(python, [SERVER, String(port), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (machine.stdout === null) throw new Error('The machine has no output')
  for await (const line of createInterface(machine.stdout)) return line
  throw new Error('The machine did not start')
}
