/** A JSON Schema (draft 2020-12) as plain data. */
export interface Schema {
  readonly [keyword: string]: unknown
}

export const DRAFT = 'https://json-schema.org/draft/2020-12/schema'

/** Where a schema comes from: it stands in every `$comment`, so that each rule can be traced. */
export interface TemplateSource {
  /** Who published the template, e.g. `IDTA 02006`; absent where a schema is derived from a stored submodel. */
  readonly publication?: string
  readonly version?: string
  readonly licence?: string
  /** Tells templates with one semanticId apart, e.g. with and without operations. */
  readonly variant?: string
}

/** Separates the parts of a rule's `$comment`: publication, template and version, element, rule. */
const SEPARATOR = ' · '

/** What the `$comment` of one rule says. */
export interface RuleComment {
  /** `IDTA 02006` */
  readonly publication: string
  /** `Nameplate 3.0.1` */
  readonly template: string
  /** The template's own element by its idShort, `…[]` for what stands in a list. */
  readonly element: string
  /** `SMT/Cardinality=One`, `valueType=xs:date` */
  readonly rule: string
}

export function formatRuleComment({ publication, template, element, rule }: RuleComment): string {
  return [publication, template, element, rule].join(SEPARATOR)
}

/** Reads what writeClause wrote; undefined for every other comment. */
export function parseRuleComment(comment: unknown): RuleComment | undefined {
  if (typeof comment !== 'string') return undefined
  const [publication, template, element, ...rule] = comment.split(SEPARATOR)
  if (publication === undefined || template === undefined || element === undefined || rule.length === 0)
    return undefined
  return { publication, template, element, rule: rule.join(SEPARATOR) }
}

/** Follows a `$ref` within the same document; undefined where it leads nowhere or outside. */
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
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema; nobody awaits a schema
  return { if: condition, then: asks, ...(otherwise !== undefined && { else: otherwise }) }
}
