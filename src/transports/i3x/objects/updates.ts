/**
 * `PUT /objects/value` and `PUT /objects/history`: samples, as if they were pushed. Each item is accepted or refused by
 * itself; what an object with components is made of, as a whole.
 */
import { HubError } from '../../../errors.ts'
import { applyWrite, fromValue } from '../../../formats/from-value.ts'
import { toValue } from '../../../formats/to-value.ts'
import { excerptOf } from '../../../model/excerpt.ts'
import type { Quality } from '../../../model/samples.ts'
import { parseTime } from '../../../model/time.ts'
import type { OperationContext } from '../../../operations/operation-context.ts'
import type { SampleBatch } from '../../../operations/samples/batch.ts'
import type { PushOptions } from '../../../operations/samples/ingest.ts'
import { FORBIDDEN, MAX_REPORTED, type Refusal } from '../../../operations/samples/refusals.ts'
import { unlessDamaged } from '../../../store/damage.ts'
import type { SeriesName } from '../../../store/series.ts'
import type { TimeSlice } from '../../../time-slice.ts'
import { type Body, MAX_IDS, objectBody, wrong } from '../messages/bodies.ts'
import { type BulkItem, detail, notFound, refusedItem } from '../messages/envelope.ts'
import type { AddressSpace, PartNode } from './address-space.ts'
import { elementIn } from './element-id.ts'
import { isContainer, WITHOUT_VALUE } from './loaded-submodel.ts'
import { CurrentValues, type Now } from './values.ts'

export interface UpdateParts {
  readonly hub: Pick<OperationContext, 'ingest' | 'stored' | 'machines'>
  readonly space: AddressSpace
  readonly now: Now
  readonly slice: TimeSlice
  /** Of the caller. */
  readonly push: Pick<PushOptions, 'access' | 'transport' | 'client'>
  /** Records of the past, which never become current values. */
  readonly isHistory: boolean
}

interface Update {
  readonly elementId: string
  readonly value: unknown
  readonly quality: Quality | undefined
  readonly time: bigint | undefined
}

/** @throws HubError `BadRequest` where the body is no list of updates; those of `Ingest.push` that are about no item */
export async function update(body: Body, parts: UpdateParts): Promise<readonly BulkItem[]> {
  const updates = updatesIn(body)
  const items = new Array<BulkItem | undefined>(updates.length)
  const leaves: { readonly index: number; readonly series: SeriesName; readonly update: Update }[] = []
  for (const [index, sent] of updates.entries()) {
    const { elementId } = sent
    const parsed = parseUpdate(sent, parts.isHistory)
    if (typeof parsed === 'string') items[index] = { id: elementId, why: detail(400, parsed) }
    else {
      const series = await leafOf(elementId, parts)
      if (series === undefined) items[index] = await writeWhole(parsed, parts)
      else leaves.push({ index, series, update: parsed })
    }
    if (parts.slice.isOver()) await parts.slice.pause()
  }
  // The number of refusals that a push reports one by one.
  for (let start = 0; start < leaves.length; start += MAX_REPORTED) {
    const some = leaves.slice(start, start + MAX_REPORTED)
    const batch = parts.hub.ingest.batch()
    for (const { series, update } of some) addSample(batch, series, update.value, update, parts)
    const { refusals } = await parts.hub.ingest.push(batch, { ...parts.push, each: true })
    const refused = new Map(refusals.map((refusal) => [refusal.index, refusal]))
    for (const [place, { index, update }] of some.entries()) items[index] = itemOf(update, refused.get(place))
  }
  return items.map((item, index) => item ?? notFound(updates[index]?.elementId ?? ''))
}

type SentUpdate = { readonly elementId: string; readonly value: unknown }

function updatesIn({ updates }: Body): readonly SentUpdate[] {
  if (!Array.isArray(updates)) throw wrong('updates', 'a list of objects', updates)
  if (updates.length > MAX_IDS) {
    throw new HubError('BadRequest', [`updates: at most ${MAX_IDS} are taken in one request; send several requests`])
  }
  return updates.map((one: unknown) => {
    const { elementId, value } = objectBody(one)
    if (typeof elementId !== 'string') throw wrong('updates', 'an elementId in each of them', one)
    return { elementId, value }
  })
}

/** @returns what is wrong with it, or the update */
function parseUpdate({ elementId, value: vqt }: SentUpdate, needsTime: boolean): Update | string {
  if (typeof vqt !== 'object' || vqt === null || !('value' in vqt)) {
    return `value: an object with value, quality and timestamp was expected; found ${excerptOf(vqt)}`
  }
  const { value, quality: named = 'Good', timestamp } = vqt as Record<string, unknown>
  if (value === null) return 'value: no type of this server is nullable, so a value was expected; found null'
  if (named !== 'Good' && named !== 'Uncertain') {
    return `quality: what is written has a value, so Good or Uncertain was expected; found ${excerptOf(named)}`
  }
  const time = typeof timestamp === 'string' ? parseTime(timestamp) : undefined
  if (time === undefined && (needsTime || timestamp !== undefined)) {
    return `timestamp: a time such as 2026-01-31T12:00:00Z was expected; found ${excerptOf(timestamp)}`
  }
  return { elementId, value, quality: named === 'Good' ? 'good' : 'uncertain', time }
}

/**
 * The series of an element without components. With the rights of the hub: whether the caller may write to it, or know of
 * it, is decided when it is pushed; here only that no unknown series is created.
 */
async function leafOf(elementId: string, { hub }: UpdateParts): Promise<SeriesName | undefined> {
  const series = elementIn(elementId)
  const row = series && (await unlessDamaged(hub.stored.element(series.submodel, series.path)))
  return row === undefined || isContainer(row.modelType) || WITHOUT_VALUE.has(row.modelType) ? undefined : series
}

function addSample(
  batch: SampleBatch,
  { submodel, path }: SeriesName,
  value: unknown,
  { time, quality }: Update,
  { hub, isHistory }: UpdateParts
): void {
  const isMapped = !isHistory && hub.machines?.current?.writer(submodel, path) !== undefined
  if (isMapped) batch.refuse('it is a value of a machine, which gets it by PATCH of its $value in the API of the AAS')
  else batch.add(submodel, path, time, value, quality, isHistory ? { isHistorical: true } : {})
}

function itemOf({ elementId }: Update, refusal: Refusal | undefined): BulkItem {
  if (refusal === undefined) return { id: elementId, json: 'null' }
  if (refusal.rule === 'unknownSeries') return notFound(elementId)
  return { id: elementId, why: detail(refusal.rule === FORBIDDEN ? 403 : 400, refusal.text) }
}

/** Writes the value of an object with components: all of it, or nothing. */
async function writeWhole(update: Update, parts: UpdateParts): Promise<BulkItem> {
  const { elementId, value } = update
  const node = await parts.space.find(elementId)
  if (node === undefined) return notFound(elementId)
  if (node.kind === 'shell') return { id: elementId, why: detail(400, 'A shell has no value of its own') }
  try {
    const missing = missingIn(await currentValue(node, parts), value, '')
    if (missing !== undefined) {
      return { id: elementId, why: detail(400, `A value is written as a whole; "${missing}" is missing`) }
    }
    const batch = parts.hub.ingest.batch()
    for (const write of fromValue(node.part.element, value, node.part.path)) {
      applyWrite(write)
      const written = toValue(write.element, { extent: 'withBlobValue' })
      addSample(batch, { submodel: node.of.id, path: write.path }, written, update, parts)
    }
    await parts.hub.ingest.push(batch, parts.push)
    return { id: elementId, json: 'null' }
  } catch (error) {
    return refusedItem(elementId, error)
  }
}

async function currentValue(node: PartNode, { space, now, slice }: UpdateParts): Promise<unknown> {
  return JSON.parse((await new CurrentValues(space, now, slice).of(node)).json)
}

/** The first member of a value that another one lacks; undefined where it lacks none. */
function missingIn(current: unknown, sent: unknown, path: string): string | undefined {
  if (typeof current !== 'object' || current === null || Array.isArray(current)) return undefined
  // What it is instead is refused where it is parsed.
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return undefined
  for (const [name, value] of Object.entries(current)) {
    const below = path === '' ? name : `${path}.${name}`
    if (!Object.hasOwn(sent, name)) return below
    const missing = missingIn(value, (sent as Record<string, unknown>)[name], below)
    if (missing !== undefined) return missing
  }
  return undefined
}
