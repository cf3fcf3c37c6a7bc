/** Orders the commits of one sender whose pushes are validated concurrently. */

/** A push's place in an {@link OrderedGate}. Its holder must call `pass`, whether the push succeeds or not. */
export interface GatePass {
  /** Resolves when the previous push has passed. */
  readonly before: Promise<void>
  /** Lets the next push through. */
  pass(): void
}

export class OrderedGate {
  #last: Promise<void> = Promise.resolve()

  next(): GatePass {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    // After `before`, so that a push refused early does not let others overtake earlier ones.
    return { before, pass: () => void before.then(resolve) }
  }
}
