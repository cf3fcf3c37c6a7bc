/** Orders the commits of one sender whose pushes are validated concurrently. */

/** A push's place in an {@link OrderedGate}. Its holder must call `pass`, whether the push succeeds or not. */
export interface GatePass {
  /** Resolves when the previous push has passed; undefined if it has. */
  readonly before: Promise<void> | undefined
  /** Lets the next push through; may be called again. */
  readonly pass: () => void
}

export class OrderedGate {
  #last: Place | undefined

  next(): GatePass {
    const before = this.#last?.isPassed === false ? this.#last : undefined
    this.#last = new Place(before)
    return this.#last
  }
}

/** There is no promise where pushes do not wait for each other, as nearly always. */
class Place implements GatePass {
  /** Until that has passed, so that places do not hold all earlier ones. */
  #previous: Place | undefined
  #hasEnded = false
  #isPassed = false
  /** Called, in this order, when this place is passed. */
  readonly #waiting: (() => void)[] = []

  constructor(previous: Place | undefined) {
    this.#previous = previous
    if (previous === undefined) return
    previous.#waiting.push(() => {
      this.#previous = undefined
      if (this.#hasEnded) this.#open()
    })
  }

  get isPassed(): boolean {
    return this.#isPassed
  }

  get before(): Promise<void> | undefined {
    const previous = this.#previous
    return previous && new Promise((resolve) => previous.#waiting.push(resolve))
  }

  readonly pass = (): void => {
    this.#hasEnded = true
    // After the previous one, so that a push refused early does not let others overtake earlier ones.
    if (this.#previous === undefined) this.#open()
  }

  #open(): void {
    if (this.#isPassed) return
    this.#isPassed = true
    for (const go of this.#waiting) go()
  }
}
