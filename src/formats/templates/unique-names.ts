/** Makes names of definitions unique: the second `Name` becomes `Name-2`. */
export class UniqueNames {
  readonly #isTaken: (name: string) => boolean
  readonly #separator: string
  /** Per name the lowest number that may be free, so that numbers are not counted through for each use. */
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

  /** Frees a name that `find` returned. */
  release(name: string, found: string): void {
    if (found === name) return
    const number = Number(found.slice(name.length + this.#separator.length))
    this.#next.set(name, Math.min(number, this.#next.get(name) ?? number))
  }
}
