/**
 * Filters (Part 2, `$filters` of release 3.2; Part 4, FILTER): the occurrences of a fragment for which a condition is not
 * true are hidden.
 */
import { type CompiledCondition, compile } from './compile.ts'
import type { Condition } from './condition.ts'
import type { Reach } from './field-reader.ts'
import { type Fragment, type FragmentPart, listKeysOf, occurrencesOf } from './fragment.ts'
import type { Subject } from './subject.ts'

export interface FragmentFilter {
  readonly fragment: Fragment
  readonly condition: Condition
  /** The condition speaks of any item of the innermost list, so all occurrences in it are hidden, or none. */
  readonly asWhole?: true
}

export class CompiledFilter {
  readonly fragment: Fragment
  readonly #condition: CompiledCondition
  readonly #pinned: Map<string, object>
  readonly #reach: Reach

  /** @param reach the elements in which fragments on `$sme` occur */
  constructor({ fragment, condition, asWhole }: FragmentFilter, subject: Subject, reach: Reach) {
    this.fragment = fragment
    this.#reach = reach
    this.#pinned = asWhole ? new OpenPins([...listKeysOf(fragment).slice(-1), '$sme']) : new Map()
    this.#condition = compile(condition, subject, this.#pinned)
  }

  get joins(): CompiledCondition['joins'] {
    return this.#condition.joins
  }

  /**
   * The occurrences of the fragment, one after the other. The document must stay as it is, and no other iteration of the
   * same filter may begin before the end.
   */
  occurrences(document: object): Generator<FragmentPart> {
    return occurrencesOf(this.fragment, document, this.#pinned, this.#reach)
  }

  /**
   * Is the occurrence shown at which the iteration is?
   * @param related see `CompiledCondition`
   */
  shows(document: object, related?: readonly object[]): boolean {
    return this.#condition.matches(document, related)
  }
}

/** Does not keep the items of some lists, so that conditions look at all of them. */
class OpenPins extends Map<string, object> {
  readonly #open: readonly string[]

  constructor(open: readonly string[]) {
    super()
    this.#open = open
  }

  override set(key: string, item: object): this {
    return this.#open.includes(key) ? this : super.set(key, item)
  }
}

/** What filters hide of a document. */
export class HiddenParts {
  readonly objects = new Set<object>()
  readonly #members = new Map<object, Set<string>>()

  add({ object, member }: FragmentPart): void {
    if (member === undefined) this.objects.add(object)
    else this.#members.set(object, (this.#members.get(object) ?? new Set()).add(member))
  }

  get isEmpty(): boolean {
    return this.objects.size === 0 && this.#members.size === 0
  }

  hasMember(object: object, member: string): boolean {
    return this.#members.get(object)?.has(member) === true
  }

  /** What is left of a value, which shares what is not changed. A list of which nothing is left is left out as well. */
  without<Value>(value: Value): Value
  without(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      const left = value.filter((item) => !this.objects.has(item)).map((item) => this.without(item))
      return left.length === value.length && left.every((item, index) => item === value[index]) ? value : left
    }
    const entries = Object.entries(value)
    const left = entries.flatMap(([name, held]): [string, unknown][] => {
      if (this.hasMember(value, name) || this.objects.has(held)) return []
      const shown = this.without(held)
      return Array.isArray(shown) && shown.length === 0 && shown !== held ? [] : [[name, shown]]
    })
    const isSame = left.length === entries.length && left.every(([, held], index) => held === entries[index]?.[1])
    return isSame ? value : Object.fromEntries(left)
  }
}
