/** Declarations of `/audit` and `/audit/head`. */
import { HubError } from '../../errors.ts'
import type { JsonSchema } from '../../formats/json-schema.ts'
import {
  documentChoice,
  documentCount,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseChoice, parseQueryTime, singleValue } from '../http/parameters.ts'

const formats = ['json', 'ndjson'] as const
const outcomes = ['done', 'refused'] as const

const query = {
  from: {
    ...documentText('Start, inclusive: ISO 8601, or milliseconds since 1970', '2026-11-24T03:00:00Z'),
    parse: parseMilliseconds
  },
  to: { ...documentText('End, inclusive', '2026-11-24T04:00:00Z'), parse: parseMilliseconds },
  caller: { ...documentText('Name of the caller', 'user:kim'), parse: singleValue },
  operation: { ...documentText('Name of the operation', 'PatchSubmodelById'), parse: singleValue },
  outcome: { ...documentChoice('Done or refused', outcomes), parse: parseChoice(outcomes) },
  resource: {
    ...documentText('Identifier of a document, or a key, a user or a version of the access rules', 'urn:example:press'),
    parse: singleValue
  },
  format: {
    ...documentChoice('`json`: a page; `ndjson`: all entries, or as many as `limit` says', formats, 'json'),
    parse: parseChoice(formats)
  },
  limit: { ...documentCount('Number of entries'), parse: wholeNumber(1) },
  cursor: {
    ...documentText('Where to continue: `cursor` of the page before'),
    parse: wholeNumber(0)
  }
} as const satisfies QueryDeclaration

const json = (description: string, schema: JsonSchema) => ({
  description,
  content: { 'application/json': { schema } }
})

const auditEndpoint = {
  path: '/audit',
  below: 'hub',
  get: {
    operationId: 'GetAudit',
    right: 'READ',
    tag: 'Security',
    summary: 'Who did what to which resource, when, from where, by which rule, with which result',
    description:
      'Entries of the hash chain, the oldest first; those that match no filter are left out. `aas-hub audit verify` checks the whole chain.',
    query,
    gives: {
      200: {
        description: 'The entries',
        content: {
          'application/json': { schema: ref('AuditPage') },
          'application/x-ndjson': { schema: ref('AuditEntry') }
        }
      }
    },
    refuses: ['BadRequest', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const headEndpoint = {
  path: '/audit/head',
  below: 'hub',
  get: {
    operationId: 'GetAuditHead',
    right: 'READ',
    tag: 'Security',
    summary: 'Where the audit ends',
    description: 'Keep it elsewhere: with it `aas-hub audit verify --head` finds entries that were cut off at the end.',
    gives: { 200: json('The head', ref('AuditHead')) },
    refuses: ['Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const auditEndpoints = { entries: auditEndpoint, head: headEndpoint }

function parseMilliseconds(values: readonly string[], name: string): number {
  const time = parseQueryTime(singleValue(values, name))
  if (time !== undefined) return Number(time / 1_000_000n)
  throw new HubError('BadRequest', [`"${name}" is a time such as 2026-11-24T03:00:00Z, or milliseconds since 1970`])
}

function wholeNumber(least: number) {
  return (values: readonly string[], name: string): number => {
    const text = singleValue(values, name)
    const number = /^\d{1,15}$/.test(text) ? Number(text) : -1
    if (number < least) throw new HubError('BadRequest', [`"${name}" is a whole number from ${least} on`])
    return number
  }
}
