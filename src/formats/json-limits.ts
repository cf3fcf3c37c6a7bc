/** Bounds of JSON that are looked at while it arrives, as JSON.parse cannot be stopped and takes long over odd shapes. */
import { HubError } from '../errors.ts'
import { MAX_DEPTH } from './json.ts'

/** Members of one object: those of the values of a whole submodel may be many. */
const MAX_MEMBERS = 200_000

/** Members and items of all objects and lists together. */
const MAX_VALUES = 2_000_000

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COMMA] = Buffer.from('"\\{}[],')

const SIGNS = new Uint8Array(256)
for (const sign of Buffer.from('"{}[],')) SIGNS[sign] = 1

/** Follows strings and brackets only; what is no JSON is JSON.parse's matter. */
export class JsonLimits {
  readonly #maxValues: number
  /** Members of the objects, or items of the lists, that are open. */
  readonly #counts = new Uint32Array(MAX_DEPTH + 2)
  readonly #isObject = new Uint8Array(MAX_DEPTH + 2)
  #depth = 0
  #values = 0
  #inString = false
  #escaped = false

  /** @param maxValues more for lists of plain numbers, which are quickly read */
  constructor(maxValues = MAX_VALUES) {
    this.#maxValues = maxValues
  }

  /** @throws HubError `Invalid` where a bound is passed */
  write(part: Uint8Array): void {
    let at = 0
    while (at < part.length) {
      if (this.#inString) at = this.#skipString(part, at)
      else {
        while (at < part.length && SIGNS[part[at] as number] === 0) at++
        if (at < part.length) this.#sign(part[at++] as number)
      }
    }
  }

  #skipString(part: Uint8Array, from: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    while (at < part.length) {
      const sign = part[at++]
      if (sign === BACKSLASH) {
        this.#escaped = at === part.length
        at++
      } else if (sign === QUOTE) {
        this.#inString = false
        return at
      }
    }
    return part.length
  }

  #sign(sign: number): void {
    if (sign === QUOTE) this.#inString = true
    else if (sign === OPEN_BRACE || sign === OPEN_BRACKET) {
      if (++this.#depth > MAX_DEPTH) refuse('depth', `the document is nested more than ${MAX_DEPTH} levels deep`)
      this.#counts[this.#depth] = 1
      this.#isObject[this.#depth] = sign === OPEN_BRACE ? 1 : 0
    } else if (sign === CLOSE_BRACE || sign === CLOSE_BRACKET) {
      if (this.#depth > 0) this.#depth--
    } else if (sign === COMMA) {
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
