/**
 * Semantic ids in the spellings that templates and instances use: surrounded by blanks, IRDIs with `/`, `#`, `-` or `---`
 * between their parts, or as a link into the ECLASS dictionary. All spellings of an id are equal.
 */
import type { Schema } from './schema.ts'

/** The values of the keys of a reference, in order; usually one. */
export type SemanticId = readonly string[]

/** An object with semantic ids, not yet validated. */
interface HasSemantics {
  readonly semanticId?: unknown
  readonly supplementalSemanticIds?: unknown
}

/** The semanticId (undefined if absent or empty) and the supplemental ones. */
export function semanticIdsOf(element: HasSemantics): { main: SemanticId | undefined; more: SemanticId[] } {
  const { semanticId, supplementalSemanticIds } = element
  const more = Array.isArray(supplementalSemanticIds) ? supplementalSemanticIds.map(keyValues) : []
  return { main: keyValues(semanticId), more: more.filter((id) => id !== undefined) }
}

/** The same text for all spellings of an id. */
export function canonicalId(id: SemanticId): string {
  return id.map(canonicalKey).join('\n')
}

/** A regular expression, unanchored, for all spellings of one key value. */
export function spellings(value: string): string {
  const parts = irdiParts(value.trim())
  if (parts === undefined) return escaped(value.trim())
  return `(?:https?://api\\.eclass-cdp\\.com/)?${parts.map(escaped).join('(?:[-/#]|%23)+')}`
}

/** A schema for references to one of these ids. */
export function referenceIs(ids: readonly SemanticId[]): Schema {
  const single = ids.filter((id) => id.length === 1).map(([value = '']) => spellings(value))
  const choices: Schema[] = ids.filter((id) => id.length > 1).map((id) => keysAre(id.map(anchored)))
  if (single.length > 0) choices.unshift(keysAre([`^\\s*(?:${[...new Set(single)].join('|')})\\s*$`]))
  return choices.length === 1 ? (choices[0] as Schema) : { anyOf: choices }
}

/** Escapes a text for a regular expression. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function anchored(value: string): string {
  return `^\\s*${spellings(value)}\\s*$`
}

function keysAre(patterns: readonly string[]): Schema {
  const keys = patterns.map((pattern) => ({ properties: { value: { pattern } }, required: ['value'] }))
  return {
    properties: { keys: { minItems: keys.length, maxItems: keys.length, prefixItems: keys } },
    required: ['keys']
  }
}

function canonicalKey(value: string): string {
  return irdiParts(value.trim())?.join('-') ?? value.trim()
}

/** The parts of an IRDI (ISO 29002-5), whatever separates them; undefined for any other id. */
function irdiParts(value: string): string[] | undefined {
  const bare = value.replace(/^https?:\/\/api\.eclass-cdp\.com\//, '')
  if (!/^\d{4}[-/]\d/.test(bare)) return undefined
  return bare.split(/(?:[-/#]|%23)+/).filter((part) => part !== '')
}

function keyValues(reference: unknown): SemanticId | undefined {
  const keys = (reference as { keys?: unknown } | null | undefined)?.keys
  if (!Array.isArray(keys)) return undefined
  const values = keys.map((key: { value?: unknown } | null) => String(key?.value ?? ''))
  return values.some((value) => value.trim() !== '') ? values : undefined
}
