/** `POST /objects/history`: the recorded values of objects in a period. */
import { HubError } from '../../../errors.ts'
import { valueOfRow } from '../../../formats/to-value.ts'
import { isNumeric } from '../../../model/datatypes.ts'
import { lengthOf, membersAt, qualityAt, type Run, timeAt } from '../../../model/samples.ts'
import { parseTime } from '../../../model/time.ts'
import type { DataTypeDefXsd } from '../../../model/types.ts'
import type { History } from '../../../operations/history/history.ts'
import type { TimeSlice } from '../../../time-slice.ts'
import { type Body, idsIn, maxDepthIn, wrong } from '../messages/bodies.ts'
import { type BulkItem, detail, notFound } from '../messages/envelope.ts'
import type { AddressSpace, PartNode } from './address-space.ts'
import { elementIdOf } from './element-id.ts'
import type { Part } from './loaded-submodel.ts'
import { qualityOf } from './quality.ts'
import { type BulkAnswer, isComposition, type ValueQuery } from './value-query.ts'
import { below, isLeaf, vqtMembers, vqtOf } from './values.ts'

/** Values in one answer. */
const MAX_VALUES = 100_000
const TOO_MANY = `An answer holds at most ${MAX_VALUES} values; ask for a shorter period, or for fewer objects`

export interface HistoryQuery extends ValueQuery {
  /** Both inclusive, in nanoseconds since 1970. */
  readonly from: bigint
  readonly to: bigint
}

/** @throws HubError `BadRequest` */
export function historyQueryIn(body: Body): HistoryQuery {
  const [from, to] = [timeIn(body, 'startTime'), timeIn(body, 'endTime')]
  if (from > to) throw new HubError('BadRequest', ['startTime: a time before endTime was expected'])
  return { elementIds: idsIn(body), maxDepth: maxDepthIn(body), from, to }
}

function timeIn(body: Body, name: string): bigint {
  const time = typeof body[name] === 'string' ? parseTime(body[name]) : undefined
  if (time === undefined) throw wrong(name, 'a time such as 2026-01-31T12:00:00Z', body[name])
  return time
}

export async function readHistory(
  space: AddressSpace,
  history: Pick<History, 'read'>,
  query: HistoryQuery,
  slice: TimeSlice
): Promise<BulkAnswer> {
  const reader = new PeriodReader(history, query, slice)
  const items: BulkItem[] = []
  for (const id of query.elementIds) {
    const node = await space.find(id)
    if (node === undefined) items.push(notFound(id))
    // An empty list would say that there is nothing.
    else if (reader.isFull) items.push({ id, why: detail(400, TOO_MANY) })
    else {
      const values = node.kind === 'part' && isLeaf(node.part) ? await reader.values(node, node.part) : reader.none()
      const components = node.kind === 'part' ? await componentsOf(node, query, reader) : ''
      const own = components === '' ? values : []
      items.push({ id, json: `{"isComposition":${isComposition(node)},"values":[${own.join()}]${components}}` })
    }
    if (slice.isOver()) await slice.pause()
  }
  return reader.isShort ? { items, shortfall: TOO_MANY } : { items }
}

/** What is below an object, in the form of the reference server of i3X: the specification has none. */
async function componentsOf(node: PartNode, { maxDepth }: HistoryQuery, reader: PeriodReader): Promise<string> {
  if (maxDepth === 1 || node.part.children.length === 0) return ''
  const components: string[] = []
  for (const part of below(node.part, maxDepth === 0 ? 0 : maxDepth - 1)) {
    if (!isLeaf(part)) continue
    if (reader.isFull) break
    const values = await reader.values(node, part)
    components.push(`${JSON.stringify(elementIdOf(node.of.id, part.path))}:{"values":[${values.join()}]}`)
  }
  return `,"components":{${components.join()}}`
}

/** Reads series until the answer is full. */
class PeriodReader {
  /** Was something left out? */
  isShort = false
  readonly #history: Pick<History, 'read'>
  readonly #query: HistoryQuery
  readonly #slice: TimeSlice
  #room = MAX_VALUES

  constructor(history: Pick<History, 'read'>, query: HistoryQuery, slice: TimeSlice) {
    this.#history = history
    this.#query = query
    this.#slice = slice
  }

  get isFull(): boolean {
    if (this.#room === 0) this.isShort = true
    return this.#room === 0
  }

  /** VQTs of a leaf as JSON, ascending. */
  async values({ of }: PartNode, { path, element }: Part): Promise<readonly string[]> {
    const { from, to } = this.#query
    const valueType = 'valueType' in element ? element.valueType : undefined
    const found: string[] = []
    for await (const run of this.#history.read({ submodel: of.id, path }, from, to)) {
      for (let at = 0; at < lengthOf(run); at++) {
        if (this.isFull) return found
        this.#room--
        found.push(`{${sampleMembers(run, at, element.modelType, valueType)}}`)
      }
      if (this.#slice.isOver()) await this.#slice.pause()
    }
    return found.length === 0 ? this.none() : found
  }

  /** Nothing is recorded in the period. */
  none(): readonly string[] {
    return [`{${vqtMembers({ json: 'null', quality: 'GoodNoData', time: this.#query.to })}}`]
  }
}

function sampleMembers(run: Run, at: number, modelType: string, valueType: string | undefined): string {
  const json = jsonAt(run, at, modelType, valueType)
  const type = modelType === 'Property' ? valueType : undefined
  return vqtMembers(vqtOf(json, type, qualityOf(qualityAt(run, at)), timeAt(run, at)))
}

function jsonAt(run: Run, at: number, modelType: string, valueType: string | undefined): string | undefined {
  const number = run.values[at]
  const isNumber = valueType !== undefined && modelType === 'Property' && isNumeric(valueType as DataTypeDefXsd)
  // As JavaScript writes it, which is what the run stands for.
  if (isNumber && typeof number === 'number' && Math.abs(number) <= Number.MAX_SAFE_INTEGER) return String(number)
  return valueOfRow(modelType, valueType, membersAt(run, at))
}
