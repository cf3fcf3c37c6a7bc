/** A JSON Schema (draft 2020-12) as plain data. */
export interface Schema {
  readonly [keyword: string]: unknown
}

export const DRAFT = 'https://json-schema.org/draft/2020-12/schema'

/** Origin of a schema, part of every `$comment` so that each rule can be traced. */
export interface TemplateSource {
  /** Publication of the template, e.g. `IDTA 02006`; absent for a schema derived from a stored submodel. */
  readonly publication?: string
  readonly version?: string
  readonly licence?: string
  /** Distinguishes templates with the same semanticId, e.g. with and without operations. */
  readonly variant?: string
}

/** Separates the parts of a rule's `$comment`: publication, template and version, element, rule. */
const SEPARATOR = ' · '

/** The parts of a rule's `$comment`. */
export interface RuleComment {
  /** `IDTA 02006` */
  readonly publication: string
  /** `Nameplate 3.0.1` */
  readonly template: string
  /** idShort of the template's element, `…[]` for the items of a list. */
  readonly element: string
  /** `SMT/Cardinality=One`, `valueType=xs:date` */
  readonly rule: string
}

export function formatRuleComment({ publication, template, element, rule }: RuleComment): string {
  return [publication, template, element, rule].join(SEPARATOR)
}

/** Parses what {@link formatRuleComment} wrote; undefined for any other comment. */
export function parseRuleComment(comment: unknown): RuleComment | undefined {
  if (typeof comment !== 'string') return undefined
  const [publication, template, element, ...rule] = comment.split(SEPARATOR)
  if (publication === undefined || template === undefined || element === undefined || rule.length === 0)
    return undefined
  return { publication, template, element, rule: rule.join(SEPARATOR) }
}

/** Resolves a `$ref` within the same document; undefined if it has no target or leads outside. */
export function resolveRef(root: Schema, reference: unknown): Schema | undefined {
  if (typeof reference !== 'string') return undefined
  if (reference === '#') return root
  const [, name] = /^#\/\$defs\/([^/]+)$/.exec(reference) ?? []
  if (name === undefined) return undefined
  const definitions = root.$defs as Readonly<Record<string, Schema>> | undefined
  const decoded = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
  return definitions !== undefined && Object.hasOwn(definitions, decoded) ? definitions[decoded] : undefined
}

/** `if` this, `then` that. */
export function ifThen(condition: Schema, asks: Schema, otherwise?: Schema): Schema {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema; schemas are never awaited
  return { if: condition, then: asks, ...(otherwise !== undefined && { else: otherwise }) }
}
