/** Numbers of the notification messages of a subscription (OPC 10000-4, 7.26): each is one more than the one before. */

const HIGHEST = 0xffff_ffff
/** A larger gap is a server that began to count again. */
const MAX_MISSING = 1000

export class SequenceNumbers {
  #last: number | undefined

  /** Starts over: the server numbers the messages of a subscription that it creates from 1 on. */
  reset(): void {
    this.#last = undefined
  }

  /**
   * @param number of a message that has come, not of a keep-alive, which names the next one
   * @returns the numbers between the message before and this one: what the server sent and did not arrive
   */
  note(number: number): number[] {
    const last = this.#last
    const missing: number[] = []
    if (last !== undefined) {
      for (let next = after(last); next !== number; next = after(next)) {
        missing.push(next)
        // One that was sent again, or a count from the beginning.
        if (missing.length > MAX_MISSING) return this.#restart(number)
      }
    }
    this.#last = number
    return missing
  }

  #restart(number: number): number[] {
    const isAgain = this.#last !== undefined && number <= this.#last && this.#last - number <= MAX_MISSING
    if (!isAgain) this.#last = number
    return []
  }
}

/** 0 is left out. */
function after(number: number): number {
  return number === HIGHEST ? 1 : number + 1
}
