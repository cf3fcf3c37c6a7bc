/** Turns changes of the log into updates of i3X: of elements each of them, of objects with components the current value. */
import type { ValueEvent } from '../../../consumers/subscriptions/subscription.ts'
import { unlessDamaged } from '../../../store/damage.ts'
import type { SeriesName } from '../../../store/series.ts'
import { TimeSlice } from '../../../time-slice.ts'
import type { AddressSpace } from '../objects/address-space.ts'
import { elementIdOf } from '../objects/element-id.ts'
import { qualityOf } from '../objects/quality.ts'
import { CurrentValues, type Now, type Vqt, vqtMembers, vqtOf } from '../objects/values.ts'
import { reportedParts } from './monitored.ts'
import type { UpdateQueue } from './queue.ts'

/** Current values that one registration may begin with. */
const MAX_INITIAL = 10_000

/** With the rights of one caller, for one answer. */
export class Updates {
  readonly #space: AddressSpace
  readonly #now: Now
  readonly #slice = new TimeSlice()
  readonly #values: CurrentValues
  readonly #valueTypes = new Map<string, string | undefined>()

  constructor(space: AddressSpace, now: Now) {
    this.#space = space
    this.#now = now
    this.#values = new CurrentValues(space, now, this.#slice)
  }

  /** One update of an element. */
  async ofChange({ submodel, path, modelType, value, sourceTime, quality, time }: ValueEvent): Promise<string> {
    const json = value === null ? undefined : JSON.stringify(value)
    // Only a text may have to be a number; few are.
    const isText = modelType === 'Property' && typeof value === 'string'
    const valueType = isText ? await this.#valueTypeOf({ submodel, path }) : undefined
    const at = sourceTime ?? BigInt(time) * 1_000_000n
    return updateOf(elementIdOf(submodel, path), vqtOf(json, valueType, qualityOf(quality), at))
  }

  /** The current value of an object; undefined where it was deleted, or is hidden. */
  async ofObject(elementId: string): Promise<string | undefined> {
    if (this.#slice.isOver()) await this.#slice.pause()
    const node = await this.#space.find(elementId)
    return node && updateOf(elementId, await this.#values.of(node))
  }

  /** The current values of objects that were registered. */
  async ofRegistered({ monitored }: UpdateQueue, ids: Iterable<string>): Promise<string[]> {
    const found: string[] = []
    for (const id of ids) {
      const object = monitored.get(id)
      const node = object?.series === undefined ? undefined : await this.#space.find(id)
      if (object === undefined || node?.kind !== 'part') continue
      for (const part of reportedParts(node.part, object.maxDepth)) {
        if (found.length === MAX_INITIAL) return found
        if (this.#slice.isOver()) await this.#slice.pause()
        const vqt = await this.#values.of({ ...node, part })
        found.push(updateOf(elementIdOf(node.of.id, part.path), vqt))
      }
    }
    return found
  }

  async #valueTypeOf(series: SeriesName): Promise<string | undefined> {
    const id = elementIdOf(series.submodel, series.path)
    if (!this.#valueTypes.has(id)) {
      const row = await unlessDamaged(this.#space.store.element(series.submodel, series.path))
      this.#valueTypes.set(id, row?.valueType)
    }
    return this.#valueTypes.get(id)
  }

  get now(): Now {
    return this.#now
  }
}

function updateOf(elementId: string, vqt: Vqt): string {
  return `{"elementId":${JSON.stringify(elementId)},${vqtMembers(vqt)}}`
}
