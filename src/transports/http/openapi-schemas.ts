/** The schemas of the OpenAPI documents: those of the model, of Part 2, and of the extension endpoints. */
import { definitions, type JsonSchema } from '../../formats/json-schema.ts'
import { childrenMember, heirsOf } from '../../model/fields.ts'
import { valueMemberNames } from '../../model/value-members.ts'
import { extensionSchemas } from '../schemas/extension-schemas.ts'

const REFERS = '#/components/schemas/'

/** A reference to a schema of a document. */
export function ref(name: string): JsonSchema {
  return { $ref: REFERS + name }
}

/** The named schemas and all that they refer to, in the order of {@link allSchemas}. */
export function schemasFor(names: Iterable<string>): Readonly<Record<string, JsonSchema>> {
  const all = allSchemas()
  const wanted = new Set<string>()
  const visit = (name: string): void => {
    if (wanted.has(name)) return
    const schema = all[name]
    if (schema === undefined) throw new TypeError(`There is no schema ${name}`)
    wanted.add(name)
    for (const [, other = ''] of JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      visit(other)
  }
  for (const name of names) visit(name)
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name)))
}

function allSchemas(): Readonly<Record<string, JsonSchema>> {
  const model = definitions(REFERS)
  const kinds = heirsOf('SubmodelElement')
  const metadata = [...kinds, 'Submodel'].map((kind) => [`${kind}Metadata`, withoutValues(kind, model[kind])] as const)
  return {
    ...model,
    ...Object.fromEntries(metadata),
    SubmodelElementMetadata: {
      title: 'SubmodelElementMetadata',
      type: 'object',
      discriminator: {
        propertyName: 'modelType',
        mapping: Object.fromEntries(kinds.map((kind) => [kind, `${REFERS}${kind}Metadata`]))
      },
      required: ['modelType'],
      oneOf: kinds.map((kind) => ref(`${kind}Metadata`))
    },
    ...envelope,
    ...valueOnly,
    ...operations,
    ...services,
    ...extensionSchemas(ref)
  }
}

/** `$metadata`: a class without its value members and without its children. */
function withoutValues(kind: string, schema: JsonSchema | undefined): JsonSchema {
  const left = new Set<string | undefined>([...valueMemberNames(kind), childrenMember(kind)])
  const { properties = {}, required = [] } = (schema ?? {}) as { properties?: JsonSchema; required?: string[] }
  return {
    ...schema,
    title: `${kind}Metadata`,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !left.has(name))),
    required: required.filter((name) => !left.has(name))
  }
}

const text = { type: 'string' } as const
const time = { type: 'string', format: 'date-time' } as const

const ids = { type: 'array', minItems: 1, items: text } as const
const damaged = {
  ...ids,
  description: 'Documents that belong here but cannot be read, because their stored records are damaged'
}
const undecided = {
  ...ids,
  description: 'Documents with a text too long for a regular expression of the query'
}

const envelope: Readonly<Record<string, JsonSchema>> = {
  Result: {
    title: 'Result',
    type: 'object',
    properties: { messages: { type: 'array', items: ref('Message') } }
  },
  Message: {
    title: 'Message',
    type: 'object',
    required: ['messageType', 'text'],
    properties: {
      code: {
        type: 'string',
        minLength: 1,
        maxLength: 32,
        description: 'The rule that was broken: a constraint id, a schema keyword, or the HTTP status'
      },
      correlationId: { type: 'string', minLength: 1, maxLength: 128, description: 'Identifies the request in the log' },
      messageType: { type: 'string', enum: ['Undefined', 'Info', 'Warning', 'Error', 'Exception'] },
      text: { type: 'string', description: 'The place, what was expected, and what was found' },
      timestamp: { type: 'string', format: 'date-time' }
    }
  },
  PagedResultPagingMetadata: {
    title: 'PagedResultPagingMetadata',
    type: 'object',
    properties: { cursor: { type: 'string', minLength: 1, description: 'Absent on the last page' }, damaged }
  },
  QueryResultPagingMetadata: {
    title: 'QueryResultPagingMetadata',
    type: 'object',
    required: ['resultType'],
    properties: { cursor: { type: 'string', minLength: 1 }, resultType: text, damaged, undecided }
  },
  PathItem: { title: 'PathItem', type: 'string', description: 'An idShortPath' }
}

const valueOnly: Readonly<Record<string, JsonSchema>> = {
  SubmodelValue: {
    title: 'SubmodelValue',
    type: 'object',
    description: 'ValueOnly: values by idShort',
    additionalProperties: ref('SubmodelElementValue')
  },
  SubmodelElementValue: {
    title: 'SubmodelElementValue',
    description: 'ValueOnly: depends on the kind of the element (Part 1, "ValueOnly serialization")',
    type: ['object', 'array', 'string', 'number', 'boolean']
  }
}

const variables = { type: 'array', items: ref('OperationVariable') } as const

const operations: Readonly<Record<string, JsonSchema>> = {
  OperationRequestValueOnly: {
    title: 'OperationRequestValueOnly',
    type: 'object',
    properties: {
      inputArguments: ref('SubmodelValue'),
      inoutputArguments: ref('SubmodelValue'),
      clientTimeoutDuration: ref('Iso8601Duration')
    }
  },
  ExecutionState: {
    title: 'ExecutionState',
    type: 'string',
    enum: ['Initiated', 'Running', 'Completed', 'Canceled', 'Failed', 'Timeout']
  },
  BaseOperationResult: {
    title: 'BaseOperationResult',
    type: 'object',
    required: ['executionState'],
    properties: resultMembers()
  },
  OperationHandle: {
    title: 'OperationHandle',
    type: 'object',
    required: ['handleId'],
    properties: { handleId: { type: 'string', maxLength: 128 } }
  },
  OperationResult: {
    title: 'OperationResult',
    type: 'object',
    required: ['executionState'],
    properties: { ...resultMembers(), outputArguments: variables, inoutputArguments: variables }
  },
  OperationResultValueOnly: {
    title: 'OperationResultValueOnly',
    type: 'object',
    required: ['executionState'],
    properties: {
      ...resultMembers(),
      outputArguments: ref('SubmodelValue'),
      inoutputArguments: ref('SubmodelValue')
    }
  }
}

function resultMembers(): Readonly<Record<string, JsonSchema>> {
  return {
    executionState: ref('ExecutionState'),
    success: { type: 'boolean' },
    messages: { type: 'array', items: ref('Message') }
  }
}

const named = { type: 'array', items: ref('UploadedDocument') } as const

const services: Readonly<Record<string, JsonSchema>> = {
  ServiceDescription: {
    title: 'ServiceDescription',
    type: 'object',
    required: ['profiles'],
    properties: { profiles: { type: 'array', minItems: 1, items: { type: 'string', format: 'uri' } } }
  },
  PackageDescription: {
    title: 'PackageDescription',
    type: 'object',
    properties: { packageId: text, aasIds: { type: 'array', items: text } }
  },
  RecentChange: {
    title: 'RecentChange',
    description: 'The last change of a document, by the clock of the hub',
    type: 'object',
    required: ['type', 'updatedAt', 'id'],
    properties: {
      type: { type: 'string', enum: ['Created', 'Updated', 'Deleted'] },
      createdAt: { ...time, description: 'Absent where the document is older than what the hub has kept' },
      updatedAt: time,
      id: text,
      globalAssetId: text,
      specificAssetIds: { type: 'array', items: ref('SpecificAssetId') },
      semanticId: ref('Reference'),
      supplementalSemanticIds: { type: 'array', items: ref('Reference') }
    }
  },
  Query: {
    title: 'Query',
    type: 'object',
    description: 'A query of the AAS Query Language (Part 2)',
    required: ['$condition'],
    additionalProperties: false,
    properties: {
      $select: { type: 'string', enum: ['id'] },
      $condition: { type: 'object' },
      $filters: {
        type: 'array',
        maxItems: 100,
        description: 'What is left out of the documents that are found (release 3.2)',
        items: ref('QueryFilter')
      }
    }
  },
  QueryFilter: {
    title: 'QueryFilter',
    type: 'object',
    description: 'Leaves out the occurrences of a fragment for which the condition is not true',
    required: ['$fragment', '$condition'],
    additionalProperties: false,
    properties: {
      $fragment: {
        ...text,
        description: 'A member, a list, its items with [], or elements, e.g. $sme or $sm#semanticId'
      },
      $condition: { type: 'object' },
      $match: {
        type: 'boolean',
        default: true,
        description: 'false: the condition is about all items of the innermost list; either all of them stay, or none'
      }
    }
  },
  UploadedDocument: {
    title: 'UploadedDocument',
    type: 'object',
    required: ['modelType', 'id'],
    properties: { modelType: text, id: text }
  },
  RefusedDocument: {
    title: 'RefusedDocument',
    type: 'object',
    required: ['modelType', 'origin'],
    properties: { modelType: text, id: text, origin: { ...text, description: 'Its place in the file' } }
  },
  UploadReport: {
    title: 'UploadReport',
    type: 'object',
    required: ['fileName', 'created', 'replaced', 'kept', 'files', 'refused', 'violations'],
    properties: {
      fileName: text,
      created: named,
      replaced: named,
      kept: named,
      files: { type: 'integer', description: 'Number of files stored with the documents' },
      refused: {
        type: 'array',
        description: 'Documents that cannot be stored even leniently; the others of the file were stored',
        items: ref('RefusedDocument')
      },
      violations: {
        type: 'array',
        description: 'Rules that the documents violate, and reasons for refusals; only on a lenient hub',
        items: ref('Violation')
      }
    }
  },
  UploadCheck: {
    title: 'UploadCheck',
    type: 'object',
    required: ['fileName', 'documents', 'refused', 'violations', 'warnings'],
    properties: {
      fileName: text,
      documents: { type: 'array', description: 'What an upload would store', items: ref('UploadedDocument') },
      refused: { type: 'array', description: 'What a lenient hub would leave out', items: ref('RefusedDocument') },
      violations: { type: 'array', description: 'Only on a lenient hub', items: ref('Violation') },
      warnings: { type: 'array', description: 'Links without a file, and such', items: ref('Violation') }
    }
  },
  Violation: {
    title: 'Violation',
    type: 'object',
    required: ['pointer', 'rule', 'text'],
    properties: { pointer: text, idShortPath: text, rule: text, text }
  },
  TemplateViolation: {
    title: 'TemplateViolation',
    allOf: [ref('Violation')],
    type: 'object',
    required: ['schema', 'template', 'asks', 'found', 'hint'],
    properties: { schema: text, template: text, asks: text, found: text, hint: text }
  },
  ValidationEntry: {
    title: 'ValidationEntry',
    type: 'object',
    description: 'What the last check of a submodel found',
    required: ['submodelId', 'result', 'checkedAt', 'revision', 'rules', 'violations', 'metamodel'],
    properties: {
      submodelId: text,
      result: { type: 'string', enum: ['valid', 'invalid', 'noTemplate'] },
      template: { type: 'string', description: 'The template by name' },
      schema: { type: 'string', description: 'The $id of its schema' },
      schemaVersion: { type: 'string', description: 'The version of the template, or a digest of its schema' },
      checkedAt: { type: 'string', format: 'date-time' },
      revision: { type: 'integer', description: 'The ETag of the submodel when it was checked' },
      rules: { type: 'string', description: 'A digest of all schemas and policies at that time' },
      violations: { type: 'array', description: "Of the template's rules", items: ref('TemplateViolation') },
      metamodel: { type: 'array', description: "Of the standard's rules; accepted leniently", items: ref('Violation') }
    }
  },
  JsonSchema: {
    title: 'JsonSchema',
    type: 'object',
    description: 'A JSON Schema of draft 2020-12, or an OpenAPI document with it among its components'
  }
}
