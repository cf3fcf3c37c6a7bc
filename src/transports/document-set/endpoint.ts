/** Declarations of `/document-set`. */
import { languages } from '../../operations/report-language.ts'
import { suppliedNames } from '../../reports/document-set/documents.ts'
import { type DocumentFormat, documentFormats } from '../../reports/render/formats.ts'
import {
  documentChoice,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ids } from '../http/openapi-samples.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseChoice, singleValue } from '../http/parameters.ts'

const formats = Object.keys(documentFormats) as readonly DocumentFormat[] as readonly [
  DocumentFormat,
  ...DocumentFormat[]
]

const parameters = {
  aasId: {
    ...documentText('Identifier of the shell of the machine, as it is', ids.shell),
    required: true,
    parse: singleValue
  },
  format: {
    ...documentChoice('That in which the document is handed in by default', formats),
    parse: parseChoice(formats)
  },
  language: {
    ...documentChoice('Language of the document; that of `Accept-Language` by default', languages),
    parse: parseChoice(languages)
  }
} as const satisfies QueryDeclaration

const binary = { schema: { type: 'string', format: 'binary' } }

export const documentSetEndpoints = {
  list: {
    path: '/document-set',
    below: 'both',
    get: {
      operationId: 'GetDocumentSet',
      right: 'READ',
      kinds: ['AssetAdministrationShell'],
      tag: 'Documents',
      summary: 'The documents that can be made of a machine',
      description: 'Names, titles in English and Korean, and formats; the same for every machine.',
      gives: {
        200: { description: 'The documents', content: { 'application/json': { schema: ref('DocumentSet') } } }
      },
      refuses: ['Internal']
    }
  },
  document: {
    path: '/document-set/{document}',
    pathParameters: {
      document: { ...documentChoice('Name of the document', suppliedNames), example: 'data-definition' }
    },
    below: 'both',
    get: {
      operationId: 'GetSuppliedDocument',
      right: 'READ',
      kinds: ['AssetAdministrationShell'],
      tag: 'Documents',
      summary: 'A document of a machine, made from what is stored',
      description:
        'Guide with class diagrams and tables, flat tables, data definition, interface definition, data-collection points, pre-verification report, check list. It has what the caller may read. Prose is not invented: what a person has to write is marked. PDF needs Chromium on the machine of the hub.',
      query: parameters,
      gives: {
        200: {
          description: 'The document',
          headers: { 'Content-Disposition': { type: 'string' } },
          content: Object.fromEntries(Object.values(documentFormats).map((type) => [type.replace(/;.*$/, ''), binary]))
        }
      },
      refuses: ['BadRequest', 'NotFound', 'Conflict', 'TooLarge', 'Unavailable', 'Internal'],
      head: false
    }
  }
} as const satisfies Record<string, ExtensionEndpoint>
