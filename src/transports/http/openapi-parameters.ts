/** The parameters of the standard's operations in OpenAPI. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { releases } from '../../formats/releases.ts'
import { enumerations } from '../../model/metamodel.ts'
import { queryParametersOf } from '../../operations/mounts.ts'
import { languages } from '../../operations/report-language.ts'
import { commonExample, type EndpointAtPath, exampleOf, parameterExample } from './openapi-examples.ts'
import { takesIfMatch } from './openapi-refusals.ts'
import { isAlsoAtRoot } from './routes.ts'

/** Of an endpoint at a path: in the path, in the query, and in headers. */
export function parameterNames({ endpoint, path }: EndpointAtPath): string[] {
  return [
    ...namesIn(path),
    ...queryParametersOf(endpoint),
    ...(isAlsoAtRoot(endpoint.definition) ? ['fileName'] : []),
    ...(takesIfMatch(endpoint) ? ['IfMatch'] : [])
  ]
}

/** A reference to the shared parameter, unless the endpoint has an example of its own for it. */
export function parameterIn(name: string, target: EndpointAtPath): JsonSchema {
  const example = parameterExample(name, target)
  return example === commonExample(name) ? { $ref: `#/components/parameters/${name}` } : parameterOf(name, example)
}

/** As it is documented, with an example unless that is undefined. */
export function parameterOf(name: string, example: unknown): JsonSchema {
  if (name === 'IfMatch') return IF_MATCH
  const inPath = PATH_PARAMETERS[name]
  if (inPath !== undefined) {
    const required = { name, in: 'path', required: true, description: inPath, schema: { type: 'string' } }
    return { ...required, ...exampleOf(example) }
  }
  return { name, in: 'query', ...QUERY_PARAMETERS[name], ...exampleOf(example) }
}

const IF_MATCH: JsonSchema = {
  name: 'If-Match',
  in: 'header',
  description: 'ETag of the version that was read; refused if the resource has changed since',
  schema: { type: 'string' }
}

const BASE64URL = 'base64url of the UTF-8 of the identifier, without padding'

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  aasIdentifier: BASE64URL,
  submodelIdentifier: BASE64URL,
  cdIdentifier: BASE64URL,
  packageId: BASE64URL,
  handleId: BASE64URL,
  idShortPath: 'idShorts and indexes, e.g. Sensors.Temperature or Motors[0].Speed; percent-encoded'
}

export const string = { type: 'string' } as const
export const strings = { type: 'array', items: string } as const

const TIME: JsonSchema = { type: 'string', format: 'date-time' }

const QUERY_PARAMETERS: Readonly<Record<string, JsonSchema>> = {
  limit: { description: 'Maximum number of entries on a page', schema: { type: 'integer', minimum: 1 } },
  cursor: {
    description: 'paging_metadata.cursor of the previous page',
    schema: { type: 'string', minLength: 1 }
  },
  level: {
    description: 'Depth: all descendants, or direct children only',
    schema: { type: 'string', enum: ['deep', 'core'], default: 'deep' }
  },
  extent: {
    description: 'With or without the values of Blobs',
    schema: { type: 'string', enum: ['withBlobValue', 'withoutBlobValue'], default: 'withoutBlobValue' }
  },
  idShort: { description: 'Exactly this idShort', schema: string },
  semanticId: { description: 'base64url of a Reference in JSON', schema: { type: 'string', maxLength: 3072 } },
  isCaseOf: { description: 'base64url of a Reference in JSON', schema: string },
  dataSpecificationRef: { description: 'base64url of a Reference in JSON', schema: string },
  assetIds: { description: 'Each is base64url of a SpecificAssetId in JSON; all must match', schema: strings },
  assetKind: { description: 'Exactly this kind', schema: { type: 'string', enum: enumerations.AssetKind } },
  assetType: { description: BASE64URL, schema: string },
  aasId: { description: BASE64URL, schema: string },
  aasIds: { description: `${BASE64URL}, each`, schema: strings },
  submodelIds: { description: `${BASE64URL}, each`, schema: strings },
  includeConceptDescriptions: { description: 'With concept descriptions', schema: { type: 'boolean', default: true } },
  version: {
    description: 'Release of the metamodel to write; what it cannot express is refused (409) with all places',
    schema: { type: 'string', enum: releases, default: releases[0] }
  },
  createdFrom: { description: 'Only what was created at this time or later', schema: TIME },
  updatedFrom: { description: 'Only what was created, changed or deleted at this time or later', schema: TIME },
  date: { description: 'What was valid at this time; now, if it is absent', schema: TIME },
  existing: {
    description: 'What to do with documents that are already stored',
    schema: { type: 'string', enum: ['refuse', 'replace', 'keep'], default: 'refuse' }
  },
  fileName: { description: 'Name of a file that is the body itself', schema: string },
  result: {
    description: 'Exactly this result',
    schema: { type: 'string', enum: ['valid', 'invalid', 'noTemplate'] }
  },
  language: {
    description: 'Language in which findings are explained; Korean ones end with the English words of the validation',
    schema: { type: 'string', enum: languages, default: languages[0] }
  },
  template: { description: 'A template: its name, its semanticId, or the $id of its schema', schema: string },
  form: {
    description: 'Serialization of the submodel that the schema describes',
    schema: { type: 'string', enum: ['normal', 'value'], default: 'normal' }
  }
}

function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}
