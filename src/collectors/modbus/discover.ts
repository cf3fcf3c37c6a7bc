/** A Modbus device as the list of registers of its manual describes it: the device itself is not asked. */
import { HubError } from '../../errors.ts'
import { readCsv } from '../../formats/collection-plan/csv.ts'
import type { Environment } from '../../model/types.ts'
import type { Discovery, DiscoveryRequest } from '../../operations/asset-interfaces/connection.ts'
import { environmentOf } from '../../operations/asset-interfaces/describe/environment.ts'
import {
  type InterfaceDraft,
  type PointDraft,
  toIdShort
} from '../../operations/asset-interfaces/describe/interface-draft.ts'
import { mappingsIn } from '../../operations/asset-interfaces/mapping-configuration.ts'
import { interfacesOf } from '../../operations/asset-interfaces/stored-interfaces.ts'
import type { ThreadPool } from '../../threads/pool.ts'
import type { SessionContext } from '../connector.ts'
import { dataPointOf } from './data-point.ts'
import { targetOf } from './modbus.ts'
import { draftOfRegisters, type ListOptions, type RegisterList, type RowProblem } from './register-list.ts'

export interface DescribedDevice {
  readonly environment: Omit<Environment, 'id'>
  readonly registers: number
  readonly writable: number
  /** Rows of the list that are left out, in their order. */
  readonly problems: readonly RowProblem[]
}

/** What a running hub describes at once: the answer is held in memory. */
const MAX_REGISTERS = 2000
/** A list of this length, in characters, is described in a thread. */
const HEAVY_LIST = 10_000

/**
 * As a running hub describes it.
 * @param threads with the task `registers`, for long lists; absent: here
 * @throws HubError `BadRequest` where the list has no register, or too many
 * @throws CollectorError where the address is none
 */
export async function discoverDevice(
  { address, registers: list, title, unit, ids }: DiscoveryRequest,
  resolve: SessionContext['resolve'],
  threads: ThreadPool | undefined
): Promise<Discovery> {
  if (list === undefined)
    throw new HubError('BadRequest', ['A Modbus device is described by the list of its registers'])
  const { host, port } = targetOf(address)
  const name = title ?? host
  const options: ListOptions = {
    ...{ base: address, title: name, ids: ids ?? `urn:modbus:${toIdShort(name)}` },
    ...(unit !== undefined && { unit })
  }
  const { head, environment } = await described({ list, options }, threads)
  const refusal = await resolve(host, port).then(
    () => undefined,
    (error: Error) => error.message
  )
  return {
    found: { name, address, values: head.registers, writable: head.writable, methods: 0, isCut: false },
    problems: [...(refusal === undefined ? [] : [{ text: refusal }]), ...head.problems],
    environment
  }
}

export interface RegistersInput {
  readonly list: string
  readonly options: ListOptions
}

interface DescribedBytes {
  readonly head: Omit<DescribedDevice, 'environment'>
  /** JSON. */
  readonly environment: Buffer
}

async function described(input: RegistersInput, threads: ThreadPool | undefined): Promise<DescribedBytes> {
  const isInThread = await threads?.takes(() => input.list.length / HEAVY_LIST)
  if (threads === undefined || isInThread !== true) return describeRegisters(input)
  const request = { task: 'registers', input, sources: {}, signal: new AbortController().signal }
  const { head, bytes } = await threads.run<DescribedBytes['head']>(request)
  return { head, environment: Buffer.concat(await Array.fromAsync(bytes)) }
}

/** @throws HubError `BadRequest` */
export function describeRegisters({ list, options }: RegistersInput): DescribedBytes {
  try {
    const { environment, ...head } = describeDevice(Buffer.from(list), options, MAX_REGISTERS)
    return { head, environment: Buffer.from(JSON.stringify(environment)) }
  } catch (error) {
    throw new HubError('BadRequest', [`The list of registers: ${(error as Error).message}`])
  }
}

/**
 * @param list CSV
 * @throws Error where it has no register at all, or more than `most`
 */
export function describeDevice(
  list: Uint8Array,
  options: ListOptions,
  most = Number.POSITIVE_INFINITY
): DescribedDevice {
  const sheet = readCsv(list)
  if (sheet.length > most) throw new Error(`it has more than ${most} rows; aas-hub discover modbus takes more`)
  const read = draftOfRegisters(sheet, options)
  const refused = refusedPoints(read)
  const problems = [...read.problems, ...refused.values()].sort((a, b) => a.row - b.row)
  const points = read.draft.points.filter((point) => !refused.has(point))
  if (points.length === 0) throw new Error(sentenceOf(problems))
  return {
    environment: environmentOf({ ...read.draft, points }),
    registers: points.length,
    writable: points.filter(({ isWritable }) => isWritable).length,
    problems
  }
}

/** Of more the first ones are written. */
const MAX_WRITTEN = 20

export function sentenceOf(problems: readonly RowProblem[]): string {
  const written = problems.slice(0, MAX_WRITTEN).map(({ row, text }) => `row ${row}: ${text}`)
  const more = problems.length - written.length
  return [...written, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** Those that the collector would not read, such as an address that is out of range. */
function refusedPoints({ draft, rows }: RegisterList): ReadonlyMap<PointDraft, RowProblem> {
  const points = new Map(draft.points.map((point) => [point.path[0] ?? '', point]))
  const refused = new Map<PointDraft, RowProblem>()
  for (const [name, text] of refusalsOf(draft)) {
    const point = points.get(name)
    if (point !== undefined) refused.set(point, { row: rows.get(point) ?? 0, text })
  }
  return refused
}

/** By the idShort of the property. */
function refusalsOf(draft: InterfaceDraft): ReadonlyMap<string, string> {
  const { submodels = [] } = environmentOf(draft)
  const { interfaces } = interfacesOf(submodels.flatMap(mappingsIn), (id) => submodels.find((one) => one.id === id))
  const refusals = new Map<string, string>()
  for (const one of interfaces) {
    for (const item of one.items) {
      try {
        dataPointOf(one, item)
      } catch (error) {
        refusals.set(item.path.split('.').at(-1) ?? '', (error as Error).message)
      }
    }
  }
  return refusals
}
