/** What the feed can do, in the form that the proposed Event Feed has for it. */
import type { EventsOptions } from './events.ts'

const SCHEMAS = 'https://api.swaggerhub.com/domains/Plattform_i40/Part1-MetaModel-Schemas/V3.1.0#/components/schemas/'

const TYPES = {
  aas: 'AssetAdministrationShell',
  submodel: 'Submodel',
  'concept-description': 'ConceptDescription'
} as const

export function capabilities({ maxLimit, retention }: Pick<EventsOptions, 'maxLimit' | 'retention'>): object {
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
