/** Declaration of `/validate`. */
import { languages } from '../../operations/report-language.ts'
import {
  documentChoice,
  documentText,
  type ExtensionEndpoint,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { parseChoice, singleValue } from '../http/parameters.ts'

const conformanceParameters = {
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
    query: conformanceParameters,
    takes: {
      'application/asset-administration-shell-package': { schema: { type: 'string', format: 'binary' } },
      'application/xml': { schema: { type: 'string' }, examples: { submodel: { summary: 'A submodel', value: xml } } },
      'application/json': { schema: { type: 'object' }, examples: { submodel: { summary: 'A submodel', value: json } } }
    },
    gives: {
      200: { description: 'The findings', content: { 'application/json': { schema: ref('ConformanceReport') } } }
    },
    refuses: ['BadRequest', 'TooLarge', 'UnsupportedMediaType', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint
