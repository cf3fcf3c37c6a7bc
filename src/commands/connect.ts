/** `aas-hub connect`: the connections of a running hub, and tests of them, also of descriptions in files. */
import { readFile } from 'node:fs/promises'
import { type Clock, systemClock } from '../clock.ts'
import { Brokers } from '../collectors/mqtt/brokers.ts'
import { testItems, withSession } from '../collectors/one-session.ts'
import { connectorsFor } from '../collectors/run/connectors.ts'
import { secretsIn } from '../collectors/secrets.ts'
import { HubError } from '../errors.ts'
import { encodeId } from '../model/identifier.ts'
import { formatTime } from '../model/time.ts'
import type { Submodel } from '../model/types.ts'
import type { InterfaceDescription } from '../operations/asset-interfaces/asset-interface.ts'
import { mappingsIn } from '../operations/asset-interfaces/mapping-configuration.ts'
import { interfacesOf } from '../operations/asset-interfaces/stored-interfaces.ts'
import { parseTargets, resolveTarget } from '../operations/asset-interfaces/targets.ts'
import { type HubAddress, hubAddressOf, requestHub } from './hub-request.ts'

export interface ConnectOptions {
  /** As in the settings. */
  readonly secrets: string
  readonly targets: readonly string[]
  /** Folder of the certificates for OPC UA. */
  readonly certificates: string
  readonly clock?: Clock
}

/** A connection as the hub lists it, or an interface of a file. */
interface Listed {
  readonly id: string
  readonly protocol: string
  readonly target?: string
  readonly state?: string
  readonly rate?: number
  readonly lastError?: { readonly text: string }
}

interface Tested {
  readonly path: string
  readonly value?: unknown
  readonly quality: string
  readonly time: string
  readonly reason?: string
}

const ACTIONS = ['list', 'test', 'start', 'stop'] as const

/** @returns whether everything could be read @throws HubError in one sentence */
export async function connect(
  flags: ReadonlyMap<string, string>,
  [action = 'list', ...words]: readonly string[],
  options: ConnectOptions
): Promise<boolean> {
  if (!ACTIONS.some((known) => known === action))
    throw new HubError('BadRequest', [`connect ${action} is not known; there are: ${ACTIONS.join(', ')}`])
  const hub = await hubAddressOf(flags)
  if (hub === undefined) {
    if (action !== 'test' || words.length === 0)
      throw new HubError('BadRequest', [`connect ${action} needs --url of a hub, or files to test`])
    return testFiles(flags, words, options)
  }
  const { result } = (await requestHub(hub, 'GET', '/connections')) as { result: readonly Listed[] }
  const named = words.length === 0 ? result : words.map((word) => namedBy(word, result))
  if (action === 'list') return print(flags, named, tableOfConnections(named))
  if (action === 'test') return testAtHub(flags, hub, named)
  for (const { id } of named) await requestHub(hub, 'POST', `/connections/${encodeId(id)}/${action}`)
  return true
}

/** By its id, or the idShort of its interface. */
function namedBy(word: string, listed: readonly Listed[]): Listed {
  const [found, ...others] = listed.filter(({ id }) => id === word || id.endsWith(`#${word}`))
  if (found === undefined || others.length > 0) {
    throw new HubError('NotFound', [others.length > 0 ? 'Of several connections the one' : 'Connection', word])
  }
  return found
}

async function testAtHub(flags: ReadonlyMap<string, string>, hub: HubAddress, listed: readonly Listed[]) {
  const tested: (Listed & { readonly items: readonly Tested[]; readonly error?: string })[] = []
  for (const one of listed) {
    const path = `/connections/${encodeId(one.id)}/test`
    try {
      const { result } = (await requestHub(hub, 'POST', path)) as { result: readonly Tested[] }
      tested.push({ ...one, items: result })
    } catch (error) {
      tested.push({ ...one, items: [], error: (error as Error).message })
    }
  }
  return printTested(flags, tested)
}

async function testFiles(
  flags: ReadonlyMap<string, string>,
  files: readonly string[],
  { secrets, targets, certificates, clock = systemClock }: ConnectOptions
): Promise<boolean> {
  const submodels = new Map<string, Submodel>()
  for (const file of files) for (const one of await submodelsIn(file)) submodels.set(one.id, one)
  const mappings = [...submodels.values()].flatMap(mappingsIn)
  const { interfaces, problems } = interfacesOf(mappings, (id) => submodels.get(id))
  for (const { submodel, path, text } of problems) process.stderr.write(`${submodel} ${path}: ${text}\n`)
  const allowed = parseTargets(targets.join(','))
  const brokers = new Brokers({ clock, clientId: 'aas-hub', log: { info() {}, warn() {} } })
  const parts = {
    ...{ clock, connectors: connectorsFor({ clock, certificates, brokers }), secret: secretsIn(secrets) },
    resolve: (host: string, port: number) => resolveTarget(allowed, host, port)
  }
  const tested: (Listed & { readonly items: readonly Tested[]; readonly error?: string })[] = []
  for (const one of interfaces) {
    try {
      const items = await withSession(one, parts, (session, wrong) => testItems(session, one.items, wrong))
      tested.push({ ...listedOf(one), items: items.map((item) => ({ ...item, time: formatTime(item.time) })) })
    } catch (error) {
      tested.push({ ...listedOf(one), items: [], error: (error as Error).message })
    }
  }
  return printTested(flags, tested) && problems.length === 0
}

function listedOf({ id, protocol, base }: InterfaceDescription): Listed {
  return { id, protocol, ...(base !== undefined && { target: base }) }
}

async function submodelsIn(file: string): Promise<readonly Submodel[]> {
  const json = JSON.parse(await readFile(file, 'utf8')) as Submodel | { readonly submodels?: readonly Submodel[] }
  return 'submodelElements' in json
    ? [json as Submodel]
    : ((json as { submodels?: readonly Submodel[] }).submodels ?? [])
}

function printTested(
  flags: ReadonlyMap<string, string>,
  tested: readonly (Listed & { readonly items: readonly Tested[]; readonly error?: string })[]
): boolean {
  const text = tested.map(({ id, target = '', items, error }) => {
    const head = `${id}  ${target}\n`
    if (error !== undefined) return `${head}  ${error}\n`
    return `${head}${table([
      ['item', 'value', 'quality', 'time', ''],
      ...items.map(({ path, value, quality, time, reason = '' }) => [path, textOf(value), quality, time, reason])
    ])}`
  })
  print(flags, tested, text.join('\n'))
  return tested.every(({ items, error }) => error === undefined && items.every(({ quality }) => quality !== 'bad'))
}

function tableOfConnections(listed: readonly Listed[]): string {
  return table([
    ['connection', 'protocol', 'target', 'state', 'samples/s', 'last error'],
    ...listed.map(({ id, protocol, target = '', state = '', rate = 0, lastError }) => [
      ...[id, protocol, target, state, rate.toFixed(1)],
      lastError?.text ?? ''
    ])
  ])
}

function print(flags: ReadonlyMap<string, string>, result: unknown, text: string): boolean {
  process.stdout.write(flags.has('json') ? `${JSON.stringify(result, bigintAsText, 2)}\n` : text)
  return true
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function textOf(value: unknown): string {
  return value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`
    )
    .join('')
}
