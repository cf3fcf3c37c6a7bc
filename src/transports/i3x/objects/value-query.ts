/** `POST /objects/value`: the last known values of objects. */
import { unlessDamaged } from '../../../store/damage.ts'
import type { TimeSlice } from '../../../time-slice.ts'
import { type BulkItem, notFound, type Shortfall } from '../messages/envelope.ts'
import type { AddressSpace, ObjectNode } from './address-space.ts'
import { elementIn } from './element-id.ts'
import { isContainer, WITHOUT_VALUE } from './loaded-submodel.ts'
import { CurrentValues, type Now, valueOfLeaf, vqtMembers } from './values.ts'

/** Values of components in one answer. */
const MAX_COMPONENTS = 100_000
/** Elements whose rows are read at a time. */
const IDS_PER_READ = 250

export interface ValueQuery {
  readonly elementIds: readonly string[]
  /** 0: all components; 1: none. */
  readonly maxDepth: number
}

export interface BulkAnswer {
  readonly items: readonly BulkItem[]
  readonly shortfall?: Shortfall
}

export async function readValues(
  space: AddressSpace,
  { elementIds, maxDepth }: ValueQuery,
  now: Now,
  slice: TimeSlice
): Promise<BulkAnswer> {
  const values = new CurrentValues(space, now, slice)
  const items: BulkItem[] = []
  let room = MAX_COMPONENTS
  let isShort = false
  for (let start = 0; start < elementIds.length; start += IDS_PER_READ) {
    const some = elementIds.slice(start, start + IDS_PER_READ)
    const leaves = await Promise.all(some.map((id) => readLeaf(space, id, now)))
    for (const [index, id] of some.entries()) {
      const leaf = leaves[index] ?? (await readNode(id))
      items.push(leaf)
    }
    if (slice.isOver()) await slice.pause()
  }
  if (!isShort) return { items }
  return {
    items,
    shortfall: `An answer holds at most ${MAX_COMPONENTS} components; ask for the others by their elementId`
  }

  async function readNode(id: string): Promise<BulkItem> {
    const node = await space.find(id)
    if (node === undefined) return notFound(id)
    const own = vqtMembers(await values.of(node))
    return { id, json: `{"isComposition":${isComposition(node)},${own}${await componentsOf(node)}}` }
  }

  async function componentsOf(node: ObjectNode): Promise<string> {
    if (maxDepth === 1 || node.kind === 'shell' || node.part.children.length === 0) return ''
    const components: string[] = []
    for await (const [id, vqt] of values.components(node, maxDepth === 0 ? 0 : maxDepth - 1)) {
      isShort ||= room === 0
      if (room === 0) break
      room--
      components.push(`${JSON.stringify(id)}:{${vqtMembers(vqt)}}`)
    }
    return `,"components":{${components.join()}}`
  }
}

/** By its row alone; undefined for all other objects. */
async function readLeaf({ store }: AddressSpace, id: string, now: Now): Promise<BulkItem | undefined> {
  const named = elementIn(id)
  if (named === undefined) return undefined
  const row = await unlessDamaged(store.element(named.submodel, named.path))
  if (row === undefined || isContainer(row.modelType) || WITHOUT_VALUE.has(row.modelType)) return undefined
  return { id, json: `{"isComposition":false,${vqtMembers(valueOfLeaf(row, now))}}` }
}

export function isComposition(node: ObjectNode): boolean {
  return node.kind === 'part' && node.part.children.length > 0
}
