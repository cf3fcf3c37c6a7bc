/**
 * Accounts for the memory: who holds how much. What is kept, such as a cache, has a bound of its own and is only reported.
 * What is under way, such as bodies and writes, also has a bound in common, and is refused beyond: the peers of one that is
 * refused come to an end, so it can try again in a moment.
 */

/** Of the common bound, what remains while the process takes more than its budget. */
const TIGHT_SHARE = 0.25

/** Measures a holder that counts by itself, in bytes. */
type Measure = () => number

export interface HeldBytes {
  readonly name: string
  readonly bytes: number
  readonly isUnderWay: boolean
}

export class MemoryBudget {
  readonly #bytes: number
  readonly #measures: { readonly name: string; readonly measure: Measure; readonly isUnderWay: boolean }[] = []
  readonly #shrinks: (() => void)[] = []
  /** Times that something was refused, or had to wait. */
  refusals = 0
  #isTight = false

  /** @param bytes bound of all that is under way */
  constructor(bytes: number = Number.POSITIVE_INFINITY) {
    this.#bytes = bytes
  }

  /** @param shrink gives up what can be read again */
  keeps(name: string, measure: Measure, shrink?: () => void): void {
    this.#measures.push({ name, measure, isUnderWay: false })
    if (shrink !== undefined) this.#shrinks.push(shrink)
  }

  /** What is under way and counts itself; it asks {@link isFull} before it takes more. */
  carries(name: string, measure: Measure): void {
    this.#measures.push({ name, measure, isUnderWay: true })
  }

  /** @param bytes bound of this holder alone */
  holder(name: string, bytes: number): MemoryHolder {
    const holder = new MemoryHolder(this, bytes)
    this.carries(name, () => holder.held)
    return holder
  }

  /** Would more bytes exceed the common bound? */
  isFull(bytes = 0): boolean {
    const held = this.#measures.reduce((sum, { measure, isUnderWay }) => sum + (isUnderWay ? measure() : 0), 0)
    return held + bytes > (this.#isTight ? TIGHT_SHARE : 1) * this.#bytes
  }

  /** Does the process take more than it should? Then less may be under way. */
  get isTight(): boolean {
    return this.#isTight
  }

  /** To be called again and again while it is so, as caches fill again. */
  set isTight(isTight: boolean) {
    this.#isTight = isTight
    if (isTight) for (const shrink of this.#shrinks) shrink()
  }

  /** Sums of holders with the same name. */
  held(): readonly HeldBytes[] {
    const byName = new Map<string, HeldBytes>()
    for (const { name, measure, isUnderWay } of this.#measures) {
      byName.set(name, { name, bytes: (byName.get(name)?.bytes ?? 0) + measure(), isUnderWay })
    }
    return [...byName.values()]
  }
}

export class MemoryHolder {
  readonly #budget: MemoryBudget
  readonly #bytes: number
  #held = 0

  constructor(budget: MemoryBudget, bytes: number) {
    this.#budget = budget
    this.#bytes = bytes
  }

  get held(): number {
    return this.#held
  }

  /** @returns false: not now. Who holds nothing yet always gets some, or the largest would wait for ever */
  take(bytes: number): boolean {
    const isTooMuch = this.#held > 0 && (this.#held + bytes > this.#bytes || this.#budget.isFull(bytes))
    if (isTooMuch) this.#budget.refusals++
    else this.#held += bytes
    return !isTooMuch
  }

  release(bytes: number): void {
    this.#held -= bytes
  }
}
