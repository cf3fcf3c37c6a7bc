/** Names of definitions, of which no two are the same: the second is `Name-2`. */
export class UniqueNames {
  readonly #isTaken: (name: string) => boolean
  readonly #separator: string
  /** By name, the least number that may be free: a name that a thousand want is not counted through each time. */
  readonly #next = new Map<string, number>()

  constructor(isTaken: (name: string) => boolean, separator = '-') {
    this.#isTaken = isTaken
    this.#separator = separator
  }

  find(name: string): string {
    if (!this.#isTaken(name)) return name
    let number = this.#next.get(name) ?? 2
    while (this.#isTaken(name + this.#separator + number)) number++
    this.#next.set(name, number)
    return name + this.#separator + number
  }

  /** Says that a name which was found for another is free again. */
  release(name: string, found: string): void {
    if (found === name) return
    const number = Number(found.slice(name.length + this.#separator.length))
    this.#next.set(name, Math.min(number, this.#next.get(name) ?? number))
  }
}
