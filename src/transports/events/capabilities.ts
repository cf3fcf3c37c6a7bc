/** The capabilities of the feed, in the form of the proposed Event Feed. */

const SCHEMAS = 'https://api.swaggerhub.com/domains/Plattform_i40/Part1-MetaModel-Schemas/V3.1.0#/components/schemas/'

const TYPES = {
  aas: 'AssetAdministrationShell',
  submodel: 'Submodel',
  'concept-description': 'ConceptDescription'
} as const

export interface FeedLimits {
  /** Maximum number of events on a page. */
  readonly maxLimit: number
  /** How long the log is kept, in milliseconds. */
  readonly retention: number
}

export function capabilities({ maxLimit, retention }: FeedLimits): object {
  const eventTypes = Object.entries(TYPES).flatMap(([name, className]) =>
    ['created', 'updated', 'deleted'].map((change) => [
      `io.admin-shell.${name}.${change}.v1`,
      { supportsCompact: true, schemas: { REGULAR: SCHEMAS + className }, filterableDataFields: [] }
    ])
  )
  return {
    apiVersion: '1.0',
    eventTypes: Object.fromEntries(eventTypes),
    filter: { filterableFields: [], supportedPrefixes: [], rsql: { operators: [] } },
    presentation: { supported: ['REGULAR', 'COMPACT'], default: 'REGULAR' },
    maxAge: `PT${Math.floor(retention / 1000)}S`,
    maxPageSize: maxLimit,
    auth: { inherited: true }
  }
}
