/** Declaration of `/collection-points`. */
import { verdicts } from '../../operations/collection/verdict.ts'
import { languages } from '../../operations/report-language.ts'
import {
  documentChoice,
  documentCount,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseChoice, parseCount, singleValue } from '../http/parameters.ts'

const formats = ['json', 'csv'] as const

export const collectionParameters = {
  process: { ...documentText('Only points of this process, as the plan names it', 'Molding'), parse: singleValue },
  machine: { ...documentText('Only points of this machine, as the plan names it', 'IMM-01'), parse: singleValue },
  submodel: {
    ...documentText('Only elements of this submodel', 'urn:plant:imm-01:operational-data'),
    parse: singleValue
  },
  verdict: { ...documentChoice('Only points of this verdict', verdicts), parse: parseChoice(verdicts) },
  format: {
    ...documentChoice('Format; CSV has all points unless `limit` is given', formats, 'json'),
    parse: parseChoice(formats)
  },
  language: {
    ...documentChoice(
      'Language of the verdicts in words, and of the headings; that of `Accept-Language` by default',
      languages
    ),
    parse: parseChoice(languages)
  },
  limit: { ...documentCount('Number of points'), parse: parseCount },
  cursor: { ...documentText('Where to continue: `cursor` of the page before'), parse: singleValue }
} as const satisfies QueryDeclaration

export const collectionEndpoint = {
  path: '/collection-points',
  below: 'both',
  get: {
    operationId: 'GetCollectionPoints',
    right: 'READ',
    kinds: ['Submodel'],
    tag: 'Time Series',
    summary: 'The collection plan against what is collected',
    description:
      'Each point of the plan (`COLLECTION_PLAN`) and each element that delivers samples without a plan, with planned and measured period, first and last sample, count, missing rate, gaps, share of late samples and of bad quality, sender, and a verdict.',
    query: collectionParameters,
    gives: {
      200: {
        description: 'The points',
        headers: {
          Link: { description: 'If there are more points: the next page', schema: { type: 'string' } }
        },
        content: {
          'application/json': { schema: ref('CollectionPointPage') },
          'text/csv': { schema: { type: 'string' } }
        }
      }
    },
    refuses: ['BadRequest', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
