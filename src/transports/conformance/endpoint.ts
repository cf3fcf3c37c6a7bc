/** Declarations of `/validate` and `/repair`. */
import { languages } from '../../operations/report-language.ts'
import {
  documentChoice,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseChoice, singleValue } from '../http/parameters.ts'

const fileParameters = {
  profile: {
    ...documentText('Rules to check: `kosmo`, `kosmo-2025`, `idta`', 'kosmo'),
    parse: (values, name) => singleValue(values, name)
  },
  language: {
    ...documentChoice('Language of the texts; that of `Accept-Language` by default', languages),
    parse: parseChoice(languages)
  },
  fileName: {
    ...documentText('Name of a file that is the body itself', 'machine.aasx'),
    parse: (values, name) => singleValue(values, name)
  }
} as const satisfies QueryDeclaration

const xml =
  '<environment xmlns="https://admin-shell.io/aas/3/0"><submodels><submodel><id>urn:plant:press</id></submodel></submodels></environment>'
const json = { submodels: [{ modelType: 'Submodel', id: 'urn:plant:press' }] }

/** The file, as the body itself. */
const files = {
  'application/asset-administration-shell-package': { schema: { type: 'string', format: 'binary' } },
  'application/xml': { schema: { type: 'string' }, examples: { submodel: { summary: 'A submodel', value: xml } } },
  'application/json': { schema: { type: 'object' }, examples: { submodel: { summary: 'A submodel', value: json } } }
}

export const conformanceEndpoint = {
  path: '/validate',
  below: 'both',
  post: {
    operationId: 'PostValidation',
    right: 'READ',
    tag: 'Validation',
    summary: 'Check a file against a profile of rules',
    description:
      'The file is a package or an environment as XML or JSON, as the body or as the part `file` of a form; nothing of it is stored. Each finding has the id of the rule as the acceptance test names it, its place as JSON Pointer and idShortPath, what was found, and what to do, in English or Korean.',
    query: fileParameters,
    takes: files,
    gives: {
      200: { description: 'The findings', content: { 'application/json': { schema: ref('ConformanceReport') } } }
    },
    refuses: ['BadRequest', 'TooLarge', 'UnsupportedMediaType', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const repairEndpoint = {
  path: '/repair',
  below: 'both',
  post: {
    operationId: 'PostRepair',
    right: 'READ',
    tag: 'Validation',
    summary: 'Repair a file by a profile of rules',
    description:
      'What has one right answer is repaired, in the format of the file; nothing of it is stored. Missing concept descriptions are those of the hub that the caller may read, else drafts. The answer is the repaired file, the report of each change with what remains, or both as the parts `report` and `file` of a form. A file without anything to repair comes back byte by byte.',
    query: {
      ...fileParameters,
      answer: {
        ...documentChoice('What is sent', ['file', 'report', 'both'], 'file'),
        example: 'report',
        parse: parseChoice(['file', 'report', 'both'])
      },
      inside: {
        ...documentChoice('Format of the document in a package; as it was by default', ['xml', 'json']),
        parse: parseChoice(['xml', 'json'])
      }
    },
    takes: files,
    gives: {
      200: {
        description: 'The repaired file, its report, or both',
        headers: {
          'AAS-Changes': { type: 'integer', description: 'Number of changes' },
          'AAS-Errors': { type: 'integer', description: 'Number of errors that remain' },
          'Content-Disposition': { type: 'string' }
        },
        content: {
          'application/json': { schema: { anyOf: [ref('RepairReport'), { type: 'object' }] } },
          'application/xml': { schema: { type: 'string' } },
          'application/asset-administration-shell-package': { schema: { type: 'string', format: 'binary' } },
          'multipart/form-data': {
            schema: {
              type: 'object',
              properties: { report: ref('RepairReport'), file: { type: 'string', format: 'binary' } },
              required: ['report', 'file']
            }
          }
        }
      }
    },
    refuses: ['BadRequest', 'TooLarge', 'UnsupportedMediaType', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
