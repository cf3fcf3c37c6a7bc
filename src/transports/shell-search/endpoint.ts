/** Declaration of `/shell-search`. */
import { HubError } from '../../errors.ts'
import { SEARCHED, type SearchedField } from '../../operations/shell-search/shell-index.ts'
import {
  documentCount,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseCount, singleValue } from '../http/parameters.ts'

const MAX_TEXT = 1000

const query = {
  text: {
    ...documentText('What to search for, whatever its case', 'mould'),
    required: true,
    parse: (values, name) => {
      const text = singleValue(values, name).trim()
      if (text === '' || text.length > MAX_TEXT)
        throw new HubError('BadRequest', [`"${name}" has 1 to ${MAX_TEXT} characters`])
      return text
    }
  },
  in: {
    description: 'Where to search: `name` is idShort and displayName; by default everywhere',
    schema: { type: 'array', items: { enum: SEARCHED } },
    example: ['name'],
    parse: (values, name) =>
      values.map((value): SearchedField => {
        const field = SEARCHED.find((one) => one === value)
        if (field === undefined) throw new HubError('BadRequest', [`"${name}" is one of ${SEARCHED.join(', ')}`])
        return field
      })
  },
  limit: { ...documentCount('Number of shells'), parse: parseCount },
  cursor: { ...documentText('Where to continue: `cursor` of the page before'), parse: singleValue }
} as const satisfies QueryDeclaration

export const shellSearchParameters = Object.keys(query)

export const shellSearchEndpoint = {
  path: '/shell-search',
  below: 'hub',
  get: {
    operationId: 'SearchShells',
    right: 'READ',
    kinds: ['AssetAdministrationShell'],
    tag: 'Hub',
    summary: 'Shells by a text in their names, identifiers or asset ids',
    description:
      'Also in display names, which the query language of the standard has no field for. A page may be empty though there are further ones: a long search continues at the cursor.',
    query,
    gives: {
      200: { description: 'The shells', content: { 'application/json': { schema: ref('FoundShells') } } }
    },
    refuses: ['BadRequest', 'Unauthorized', 'Forbidden', 'Internal']
  }
} as const satisfies ExtensionEndpoint
