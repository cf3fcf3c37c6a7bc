/**
 * Assigns the children of a container to slots by the conditions of its schema. A condition depends on names and semantic
 * ids only, and the same few recur in every document, so each decision is cached.
 */
import type { Predicate } from './predicates.ts'
import type { Schema } from './schema.ts'

/** Different children after which the cache is cleared. */
const CACHE_ENTRIES = 4096

export class SlotClassifier {
  readonly #tests: readonly Predicate[]
  readonly #decided = new Map<string, Uint8Array>()

  constructor(tests: readonly Predicate[]) {
    this.#tests = tests
  }

  /** For each predicate: 1 if the child satisfies it. */
  classify(child: unknown): Uint8Array {
    const signature = signatureOf(child)
    const known = signature === undefined ? undefined : this.#decided.get(signature)
    if (known !== undefined) return known
    const holds = Uint8Array.from(this.#tests, (test) => (test(child) ? 1 : 0))
    if (signature !== undefined) {
      if (this.#decided.size >= CACHE_ENTRIES) this.#decided.clear()
      this.#decided.set(signature, holds)
    }
    return holds
  }

  /**
   * Predicates that must be called for the same child in this order: the first classifies it, the others reuse the
   * result.
   */
  inTurn(indexes: readonly number[]): Predicate[] {
    let holds: Uint8Array = new Uint8Array()
    return indexes.map((index, turn) =>
      turn === 0
        ? (child) => {
            holds = this.classify(child)
            return holds[index] === 1
          }
        : () => holds[index] === 1
    )
  }
}

const READ = new Set(['idShort', 'modelType', 'semanticId', 'supplementalSemanticIds'])
const READ_BELOW = new Set(['keys', 'value'])

/**
 * Does a condition depend on nothing but the signature?
 * @param follow resolves a `$ref`
 * @param decided cached results for schemas that are referred to
 */
export function isDecidedBySignature(
  schema: unknown,
  follow: (reference: unknown) => Schema | undefined,
  decided: WeakMap<Schema, boolean>
): boolean {
  return looksAt(schema, READ)

  function looksAt(schema: unknown, names: ReadonlySet<string>): boolean {
    if (typeof schema !== 'object' || schema === null) return true
    return Object.entries(schema).every(([keyword, value]) => {
      switch (keyword) {
        case '$comment':
        case 'title':
        case 'const':
        case 'pattern':
        case 'minItems':
        case 'maxItems':
          return true
        case '$ref':
          return names === READ && looksAtTarget(follow(value))
        case 'required':
          return (value as readonly string[]).every((name) => names.has(name))
        case 'not':
        case 'contains':
          return looksAt(value, names)
        case 'allOf':
        case 'anyOf':
        case 'prefixItems':
          return (value as readonly unknown[]).every((part) => looksAt(part, names))
        case 'properties':
          return Object.entries(value as Schema).every(([name, part]) => names.has(name) && looksAt(part, READ_BELOW))
        default:
          return false
      }
    })
  }

  function looksAtTarget(target: Schema | undefined): boolean {
    if (target === undefined) return false
    const known = decided.get(target)
    if (known !== undefined) return known
    // A condition that refers to itself is not.
    decided.set(target, false)
    const found = looksAt(target, READ)
    decided.set(target, found)
    return found
  }
}

/** Name, kind and ids as one text; undefined for values that are not shaped like an element. */
function signatureOf(child: unknown): string | undefined {
  if (typeof child !== 'object' || child === null || Array.isArray(child)) return undefined
  const { idShort, modelType, semanticId, supplementalSemanticIds } = child as Readonly<Record<string, unknown>>
  if (!isLine(idShort) || !isLine(modelType)) return undefined
  const main = semanticId === undefined ? '' : keysOf(semanticId)
  if (main === undefined) return undefined
  let text = `${modelType ?? ''}\n${idShort === undefined ? '' : `.${idShort}`}\n${main}`
  if (supplementalSemanticIds === undefined) return text
  if (!Array.isArray(supplementalSemanticIds)) return undefined
  for (const id of supplementalSemanticIds) {
    const keys = keysOf(id)
    if (keys === undefined) return undefined
    text += `\n\n${keys}`
  }
  return text
}

function isLine(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && !value.includes('\n'))
}

/** Never empty, to distinguish a reference without keys from no reference; different keys have different texts. */
function keysOf(reference: unknown): string | undefined {
  const keys = (reference as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) return undefined
  let text = '#'
  for (const key of keys) {
    const value: unknown = (key as { value?: unknown } | null)?.value
    if (typeof value !== 'string') return undefined
    text += /[\n\r"]/.test(value) ? JSON.stringify(value) : value
    text += '\r'
  }
  return text
}
