/**
 * Current values as i3X has them: value, quality and time. The value of an element is its `$value`; that of an object with
 * components is its `$value`, too, without what is bad, with the newest time of its components, and `Uncertain` where some
 * of these are not good.
 */
import { toValue, valueOfRow } from '../../../formats/to-value.ts'
import { isFiniteNumber } from '../../../model/literal.ts'
import { formatTime, later } from '../../../model/time.ts'
import type { SubmodelElement } from '../../../model/types.ts'
import { valueMemberNames, writeValueMembers } from '../../../model/value-members.ts'
import { unlessDamaged } from '../../../store/damage.ts'
import type { ElementRow } from '../../../store/store.ts'
import type { TimeSlice } from '../../../time-slice.ts'
import type { AddressSpace, ObjectNode, PartNode } from './address-space.ts'
import { elementIdOf } from './element-id.ts'
import type { Part } from './loaded-submodel.ts'
import { type I3xQuality, qualityOf } from './quality.ts'
import { jsonTypeOf } from './types.ts'

/** A value as JSON, with its quality and time. */
export interface Vqt {
  readonly json: string
  readonly quality: I3xQuality
  /** Nanoseconds since 1970. */
  readonly time: bigint
}

/** The members of a VQT, without braces. */
export function vqtMembers({ json, quality, time }: Vqt): string {
  if (time !== formatted.time) formatted = { time, text: formatTime(time) }
  return `"value":${json},"quality":"${quality}","timestamp":"${formatted.text}"`
}

/** The values of one scan of a machine share their time. */
let formatted = { time: 0n, text: formatTime(0n) }

/** Times of values that have none: that of the reading. */
export type Now = () => bigint

/** @param row of an element without components */
export function valueOfLeaf({ modelType, valueType, value, sourceTime, quality }: ElementRow, now: Now): Vqt {
  const json = valueOfRow(modelType, valueType, value)
  return vqtOf(json, modelType === 'Property' ? valueType : undefined, qualityOf(quality), sourceTime ?? now())
}

/**
 * @param json in the ValueOnly form; undefined: there is no value
 * @param valueType of a Property
 */
export function vqtOf(
  json: string | undefined,
  valueType: string | undefined,
  quality: Exclude<I3xQuality, 'GoodNoData'>,
  time: bigint
): Vqt {
  if (json === undefined) return { json: 'null', quality: 'GoodNoData', time }
  if (quality === 'Bad') return { json: 'null', quality, time }
  if (valueType === undefined || json[0] !== '"') return { json, quality, time }
  const type = jsonTypeOf(valueType)
  if (type === 'string') return { json, quality, time }
  // A text in place of a number: one that a double would round, or none at all (INF, or stored leniently).
  const text = String(JSON.parse(json))
  if (type === 'boolean' || !isFiniteNumber(text)) return { json: 'null', quality: 'Bad', time }
  return { json: JSON_NUMBER.test(text) ? text : String(Number(text)), quality, time }
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Elements of a container whose rows are read between two checks of the time slice. */
const ROWS_PER_READ = 100

/** Values of one request: the rows of a submodel are read once. */
export class CurrentValues {
  readonly #space: AddressSpace
  readonly #now: Now
  readonly #slice: TimeSlice
  readonly #leaves = new WeakMap<Part, Vqt>()

  constructor(space: AddressSpace, now: Now, slice: TimeSlice) {
    this.#space = space
    this.#now = now
    this.#slice = slice
  }

  /** Of an object, without its components. */
  async of(node: ObjectNode): Promise<Vqt> {
    if (node.kind === 'shell') return { json: 'null', quality: 'GoodNoData', time: this.#now() }
    await this.#read(node)
    return this.#composed(node.part)
  }

  /**
   * The components down to a depth, by elementId.
   * @param depth levels below the object; 0: all
   */
  async *components(node: PartNode, depth: number): AsyncGenerator<readonly [string, Vqt]> {
    await this.#read(node)
    for (const part of below(node.part, depth)) {
      if (this.#slice.isOver()) await this.#slice.pause()
      yield [elementIdOf(node.of.id, part.path), this.#composed(part)]
    }
  }

  /** Reads the rows of all leaves of a part, and removes from it what has no good value. */
  async #read({ of, part }: PartNode): Promise<void> {
    const leaves: Part[] = []
    for (const one of [part, ...below(part, 0)]) {
      if (one.children.length === 0 && !this.#leaves.has(one)) leaves.push(one)
    }
    for (let start = 0; start < leaves.length; start += ROWS_PER_READ) {
      const some = leaves.slice(start, start + ROWS_PER_READ)
      const rows = await Promise.all(some.map(({ path }) => unlessDamaged(this.#space.store.element(of.id, path))))
      for (const [index, leaf] of some.entries()) this.#note(leaf, rows[index], of.document.revision)
      if (this.#slice.isOver()) await this.#slice.pause()
    }
  }

  /** @param row undefined: it was deleted meanwhile, or does not hold a value */
  #note(leaf: Part, row: ElementRow | undefined, revision: number): void {
    const element = leaf.element as SubmodelElement
    if (row === undefined) {
      this.#leaves.set(leaf, { json: 'null', quality: 'GoodNoData', time: this.#now() })
      return
    }
    const vqt = valueOfLeaf(row, this.#now)
    if (vqt.json === 'null') writeValueMembers(element, {})
    else if (row.revision > revision && element.modelType === row.modelType) {
      writeValueMembers(element, JSON.parse(row.value))
    }
    this.#leaves.set(leaf, vqt)
  }

  #composed(part: Part): Vqt {
    const own = this.#leaves.get(part)
    if (own !== undefined) return own
    const qualities = new Set<I3xQuality>()
    let time: bigint | undefined
    for (const one of below(part, 0)) {
      const leaf = this.#leaves.get(one)
      if (leaf === undefined || leaf.quality === 'GoodNoData') continue
      qualities.add(leaf.quality)
      time = time === undefined ? leaf.time : later(time, leaf.time)
    }
    const at = time ?? this.#now()
    if (qualities.size === 0) return { json: 'null', quality: 'GoodNoData', time: at }
    if (!qualities.has('Good') && !qualities.has('Uncertain')) return { json: 'null', quality: 'Bad', time: at }
    const quality = qualities.size === 1 && qualities.has('Good') ? 'Good' : 'Uncertain'
    return { json: JSON.stringify(toValue(part.element) ?? {}), quality, time: at }
  }
}

/** The components of a part, parents first. @param depth levels below it; 0: all */
export function* below(part: Part, depth: number): Generator<Part> {
  for (const child of part.children) {
    yield child
    if (depth !== 1) yield* below(child, depth === 0 ? 0 : depth - 1)
  }
}

/** Has elements of this kind a value of their own, which can be written and has a history? */
export function isLeaf({ element, children }: Part): boolean {
  return children.length === 0 && element.modelType !== 'Submodel' && valueMemberNames(element.modelType).length > 0
}
