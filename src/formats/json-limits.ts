/** Limits of JSON bodies, checked while the bytes arrive: JSON.parse cannot be interrupted and is slow on odd shapes. */
import { HubError } from '../errors.ts'
import { MAX_DEPTH } from './json.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, JsonScanner, OPEN_BRACE, OPEN_BRACKET } from './json-scanner.ts'

/** Members of one object; the value of a large submodel may have many. */
const MAX_MEMBERS = 200_000

/** Members and items of all objects and lists in total. */
const MAX_VALUES = 2_000_000

/** Counts only; JSON.parse reports what is not JSON. */
export class JsonLimits {
  readonly #maxValues: number
  /** Members of the open objects, or items of the open lists, by depth. */
  readonly #counts = new Uint32Array(MAX_DEPTH + 2)
  readonly #isObject = new Uint8Array(MAX_DEPTH + 2)
  #depth = 0
  #values = 0
  readonly #scanner = new JsonScanner('{}[],')

  /** @param maxValues higher for lists of plain numbers, which parse quickly */
  constructor(maxValues = MAX_VALUES) {
    this.#maxValues = maxValues
  }

  /** @throws HubError `Invalid` if a limit is exceeded */
  write(part: Uint8Array): void {
    for (let at = this.#scanner.next(part, 0); at < part.length; at = this.#scanner.next(part, at + 1)) {
      this.#count(part[at] as number)
    }
  }

  #count(structural: number): void {
    if (structural === OPEN_BRACE || structural === OPEN_BRACKET) {
      if (++this.#depth > MAX_DEPTH) refuse('depth', `the document is nested more than ${MAX_DEPTH} levels deep`)
      this.#counts[this.#depth] = 1
      this.#isObject[this.#depth] = structural === OPEN_BRACE ? 1 : 0
    } else if (structural === CLOSE_BRACE || structural === CLOSE_BRACKET) {
      if (this.#depth > 0) this.#depth--
    } else if (structural === COMMA) {
      const count = (this.#counts[this.#depth] ?? 0) + 1
      this.#counts[this.#depth] = count
      if (this.#isObject[this.#depth] === 1 && count > MAX_MEMBERS)
        refuse('maxProperties', `an object has more than ${MAX_MEMBERS} members`)
      if (++this.#values > this.#maxValues) refuse('size', `the document has more than ${this.#maxValues} values`)
    }
  }
}

function refuse(rule: string, text: string): never {
  throw new HubError('Invalid', [1], [{ pointer: '', rule, text }])
}
