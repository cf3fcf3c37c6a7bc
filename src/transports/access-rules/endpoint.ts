/** Declarations of the endpoints for access rules. */
import { HubError } from '../../errors.ts'
import type { JsonSchema } from '../../formats/json-schema.ts'
import { documentText, type ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { singleValue } from '../http/parameters.ts'

const json = (description: string, schema: JsonSchema) => ({
  description,
  content: { 'application/json': { schema } }
})

const version = {
  description: 'Number of a version; 0 for the built-in roles',
  schema: { type: 'integer', minimum: 0 },
  example: 0,
  parse: parseVersion
} as const

/** The version that was active before the present one. */
export const PREVIOUS = 'previous'

const EXAMPLE = {
  rules: [
    {
      ACL: { ATTRIBUTES: [{ CLAIM: 'role' }], RIGHTS: ['READ'], ACCESS: 'ALLOW' },
      OBJECTS: [{ IDENTIFIABLE: '$sm("*")' }],
      FORMULA: { $eq: [{ $attribute: { CLAIM: 'role' } }, { $strVal: 'reader' }] }
    }
  ]
}

export const versionsEndpoint = {
  path: '/security/access-rules',
  below: 'hub',
  get: {
    operationId: 'GetAccessRuleVersions',
    right: 'READ',
    tag: 'Security',
    summary: 'Versions of the access rules',
    description: 'The newest first; one of them is active.',
    gives: { 200: json('The versions', ref('AccessRuleVersions')) },
    refuses: ['Internal']
  },
  post: {
    operationId: 'StageAccessRules',
    right: 'CREATE',
    tag: 'Security',
    summary: 'Add a version of the access rules',
    description:
      'The body is an access rule model of AAS Part 4, or several as `/security/access-rules/documents` has them. It is checked and kept; it is in force once it is activated. Violations are reported with their JSON Pointers.',
    query: {
      note: { ...documentText('What the version is for', 'readers see submodels'), parse: singleValue }
    },
    takes: {
      'application/json': {
        schema: { type: 'object' },
        examples: { rules: { summary: 'Readers may read submodels', value: EXAMPLE } }
      }
    },
    gives: { 201: json('The version', ref('AccessRuleVersion')) },
    refuses: ['BadRequest', 'TooLarge', 'UnsupportedMediaType', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const versionEndpoint = {
  path: '/security/access-rules/documents',
  below: 'hub',
  get: {
    operationId: 'GetAccessRules',
    right: 'READ',
    tag: 'Security',
    summary: 'The access rules of a version',
    description: 'As they were written: one document, or those of a folder, whose rules count together.',
    query: { version: { ...version, description: `${version.description}; absent: the active one` } },
    gives: { 200: json('The documents', ref('AccessRuleDocuments')) },
    refuses: ['BadRequest', 'NotFound', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const activateEndpoint = {
  path: '/security/access-rules/activate',
  below: 'hub',
  post: {
    operationId: 'ActivateAccessRules',
    right: 'UPDATE',
    tag: 'Security',
    summary: 'Put a version of the access rules in force',
    description:
      'It replaces the active version at once. A version under which the caller could not activate another one is refused unless `force` is true.',
    query: {
      version: {
        ...version,
        description: `${version.description}; \`${PREVIOUS}\` for the one that was active before`,
        schema: { anyOf: [version.schema, { const: PREVIOUS }] },
        required: true,
        parse: (values: readonly string[], name: string) =>
          singleValue(values, name) === PREVIOUS ? PREVIOUS : parseVersion(values, name)
      },
      force: {
        description: 'Also if the caller loses the right to activate',
        schema: { type: 'boolean', default: false },
        parse: (values: readonly string[], name: string) => singleValue(values, name) === 'true'
      }
    },
    gives: { 200: json('The version that is active now', ref('AccessRuleVersion')) },
    refuses: ['BadRequest', 'NotFound', 'Conflict', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const explainEndpoint = {
  path: '/security/access-rules/explain',
  below: 'hub',
  post: {
    operationId: 'ExplainAccess',
    right: 'READ',
    tag: 'Security',
    summary: 'Which rule decides on a request, and why',
    description:
      'With the rules in force, or those of a version, and with the data that is stored: documents and the values that rules refer to are read.',
    query: { version: { ...version, description: `${version.description}; absent: the rules in force` } },
    takes: {
      'application/json': {
        schema: ref('AccessQuestion'),
        examples: {
          operator: {
            summary: 'An operator writes a value',
            value: {
              claims: { role: 'operator' },
              method: 'PATCH',
              path: '/submodels/dXJuOng/submodel-elements/A/$value'
            }
          }
        }
      }
    },
    gives: { 200: json('The explanation', ref('AccessExplanation')) },
    refuses: ['BadRequest', 'NotFound', 'UnsupportedMediaType', 'Internal']
  }
} as const satisfies ExtensionEndpoint

export const accessRuleEndpoints: readonly ExtensionEndpoint[] = [
  versionsEndpoint,
  versionEndpoint,
  activateEndpoint,
  explainEndpoint
]

function parseVersion(values: readonly string[], name: string): number {
  const text = singleValue(values, name)
  if (!/^\d{1,9}$/.test(text)) throw new HubError('BadRequest', [`"${name}" is the number of a version`])
  return Number(text)
}
