/** Fragments of a document (Part 4, FILTER): a member, the items of a list, or elements, e.g. `$sme.Documents[]`. */
import { childrenMember } from '../fields.ts'
import type { SubmodelElement } from '../types.ts'
import { ANY, type FieldIdentifier, type FieldStep } from './condition.ts'
import { formatSteps } from './field.ts'
import { descend, fieldReader, follow, type Reach } from './field-reader.ts'
import type { Root } from './grammar.ts'

export interface Fragment {
  readonly root: Root
  /** `$sme` only: idShorts, indexes and `ANY`; empty for every element of the submodel. */
  readonly path: readonly FieldStep[]
  /** Below the object or element; empty for the element itself. */
  readonly steps: readonly FieldStep[]
}

/** One occurrence of a fragment: an object of the document, or a member of one. */
export type FragmentPart =
  | { readonly object: object; readonly member?: undefined }
  | { readonly object: object; readonly member: string }

export function formatFragment({ root, path, steps }: Fragment): string {
  const element = path.length === 0 ? root : `${root}.${formatSteps(path)}`
  return steps.length === 0 ? element : `${element}#${formatSteps(steps)}`
}

/**
 * The occurrences of a fragment, one after the other.
 * @param pinned while an occurrence is looked at: in conditions compiled with it, a list of the fragment stands for the
 *   item at hand, also where the fragment names an index, and `$sme` for its element
 */
export function* occurrencesOf(
  fragment: Fragment,
  document: object,
  pinned: Map<string, object>,
  reach: Reach
): Generator<FragmentPart> {
  const { root, path, steps } = fragment
  const { loops } = fieldReader(anyIndex(fragment), reach)
  const indexes = [...(root === '$sme' ? [undefined] : []), ...indexesOf(path), ...indexesOf(steps)]
  const elementLoops = root === '$sme' ? 1 + indexesOf(path).length : 0
  const behind = steps.slice(steps.findLastIndex(isIndex) + 1)
  const [way, member] = [behind.slice(0, -1), behind.at(-1)]
  const ofLanguage = isLanguage(fragment)
  try {
    yield* enter(0, document)
  } finally {
    for (const { key } of loops) pinned.delete(key)
    if (path.length > 0) pinned.delete('$sme')
  }

  function* enter(depth: number, at: object): Generator<FragmentPart> {
    const loop = loops[depth]
    if (loop === undefined) {
      const part = partAt(depth, at)
      if (part !== undefined) yield part
      return
    }
    if (elementAt(depth, at) === undefined) return
    // Most items are those of the innermost list: a generator for each would cost more than to look at it.
    const isInnermost = depth + 1 === loops.length
    for (const [index, item] of loop.items(at).entries()) {
      const wanted = indexes[depth]
      if (wanted !== undefined && wanted !== index) continue
      pinned.set(loop.key, item)
      const part = isInnermost ? partAt(depth + 1, item) : undefined
      if (part !== undefined) yield part
      else if (!isInnermost) yield* enter(depth + 1, item)
    }
  }

  /** The element to which the path leads from the item of its last list; undefined if there is none. */
  function elementAt(depth: number, at: object): object | undefined {
    if (depth !== elementLoops || path.length === 0) return at
    const last = path.findLastIndex(isIndex)
    const element = descend(at as SubmodelElement, path.slice(Math.max(last, 0) + 1), reach)
    if (element !== undefined) pinned.set('$sme', element)
    return element
  }

  function partAt(depth: number, at: object): FragmentPart | undefined {
    const object = elementAt(depth, at)
    if (object === undefined) return undefined
    // What `#language` speaks of: the texts of a MultiLanguageProperty.
    if (ofLanguage) return Object.hasOwn(object, LANGUAGE) ? { object } : undefined
    if (member === undefined) return { object }
    const holder = follow(object, way)
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, member)) return undefined
    return root === '$sme' && isChildren(holder, member) ? undefined : { object: holder, member: String(member) }
  }
}

/** Keys of the lists of a fragment, from the outermost to the innermost; see `ItemLoop.key`. */
export function listKeysOf(fragment: Fragment): readonly string[] {
  return fieldReader(anyIndex(fragment)).loops.map(({ key }) => key)
}

const LANGUAGE = 'language'

/** Is it the languages of elements, which is no member of theirs? */
function isLanguage({ root, steps }: Fragment): boolean {
  return root === '$sme' && steps.length === 1 && steps[0] === LANGUAGE
}

/** The elements below a collection or list are not its value, as in fields. */
function isChildren(holder: object, member: FieldStep): boolean {
  const { modelType } = holder as { modelType?: unknown }
  return typeof modelType === 'string' && childrenMember(modelType) === member
}

/** Reads the same lists, at any index. */
function anyIndex(fragment: Fragment): FieldIdentifier {
  const { root, path, steps } = fragment
  const any = (all: readonly FieldStep[]) => all.map((step) => (isIndex(step) ? ANY : step))
  return { root, path: any(path), attribute: isLanguage(fragment) ? LANGUAGE : '', steps: any(steps) }
}

/** One for each list: its index, or undefined for any. */
function indexesOf(steps: readonly FieldStep[]): (number | undefined)[] {
  return steps.filter(isIndex).map((step) => (typeof step === 'number' ? step : undefined))
}

function isIndex(step: FieldStep): boolean {
  return typeof step === 'number' || step === ANY
}
