/**
 * The grammar of AASQL (Part 2, "Query Language"; the same for the formulas of Part 4) as data, used by the parser, the
 * evaluator, the index plan and the JSON Schema.
 */

/** A type of the language; a field is text unless the other side of a comparison has another type. */
export type ValueType = 'str' | 'num' | 'hex' | 'bool' | 'dateTime' | 'time'

/** Comparisons by order [Part 2, "Comparison Operators"] */
export const orderings = ['$eq', '$ne', '$gt', '$ge', '$lt', '$le'] as const
/** Comparisons of texts. */
export const textOperators = ['$contains', '$starts-with', '$ends-with', '$regex'] as const
/** Combine conditions; `$match` may contain only comparisons, `$boolean` and `$match`. */
export const connectives = ['$and', '$or', '$not', '$match', '$boolean'] as const

export type Ordering = (typeof orderings)[number]
export type TextOperator = (typeof textOperators)[number]
export type Operator = Ordering | TextOperator

/** Literals and their JSON form. */
export const literals = {
  $strVal: { type: 'str', json: 'string', pattern: '^(?!\\$)', words: 'text that does not begin with "$"' },
  $numVal: { type: 'num', json: 'number', words: 'a number' },
  $hexVal: { type: 'hex', json: 'string', pattern: '^16#[0-9A-F]+$', words: 'a hexadecimal number, like 16#FF' },
  $dateTimeVal: {
    type: 'dateTime',
    json: 'string',
    format: 'date-time',
    words: 'a date and time with its time zone, like 2024-02-29T13:20:00Z'
  },
  $timeVal: {
    type: 'time',
    json: 'string',
    // Fractions since release 3.1.3, zones since 3.2.
    pattern: '^[0-9][0-9]:[0-9][0-9](:[0-9][0-9](\\.[0-9]+)?)?(Z|[+-][0-9][0-9]:[0-9][0-9])?$',
    words: 'a time of day, like 13:20, 13:20:00.5 or 13:20:00Z'
  },
  $boolean: { type: 'bool', json: 'boolean', words: 'true or false' }
} as const satisfies Record<string, LiteralForm>

interface LiteralForm {
  readonly type: ValueType
  readonly json: 'string' | 'number' | 'boolean'
  readonly pattern?: string
  readonly format?: string
  readonly words: string
}

/** Casts of any value, and their target types. */
export const casts = {
  $strCast: 'str',
  $numCast: 'num',
  $hexCast: 'hex',
  $boolCast: 'bool',
  $dateTimeCast: 'dateTime',
  $timeCast: 'time'
} as const satisfies Record<string, ValueType>

/** Numbers extracted from a date-time in its own time zone; the week begins with Sunday = 0. */
export const dateParts = ['$dayOfWeek', '$dayOfMonth', '$month', '$year'] as const
export type DatePart = (typeof dateParts)[number]

/** Operands of text comparisons. */
export const textOperands = ['$field', '$strVal', '$strCast'] as const

/** The root of a field. */
export type Root = '$aas' | '$sm' | '$sme' | '$cd' | '$aasdesc' | '$smdesc'

interface RootFields {
  /** Text members. `[]` is any item; it may contain an index. */
  readonly texts: readonly string[]
  /** References: the name alone is the first key's value; `.type`, `.keys[].type` and `.keys[].value` may follow. */
  readonly references: readonly string[]
  /** References that release 3.1.2 does not allow without `.type` or `.keys[]`. */
  readonly partReferences?: readonly string[]
  /** References added by release 3.2. */
  readonly laterReferences?: readonly string[]
}

/** The fields of each root. Only `$sme` may be followed by an idShortPath [AASa-005]. */
export const fields: Readonly<Record<Root, RootFields>> = {
  $aas: {
    texts: [
      'idShort',
      'id',
      'assetInformation.assetKind',
      'assetInformation.assetType',
      'assetInformation.globalAssetId',
      'assetInformation.specificAssetIds[].name',
      'assetInformation.specificAssetIds[].value'
    ],
    references: ['assetInformation.specificAssetIds[].externalSubjectId'],
    partReferences: ['submodels[]']
  },
  $sm: {
    texts: ['id', 'idShort'],
    references: ['semanticId'],
    laterReferences: ['supplementalSemanticIds[]']
  },
  $sme: {
    texts: ['idShort', 'value', 'valueType', 'language'],
    references: ['semanticId'],
    laterReferences: ['supplementalSemanticIds[]']
  },
  $cd: { texts: ['id', 'idShort'], references: [] },
  $aasdesc: {
    texts: [
      'idShort',
      'id',
      'assetKind',
      'assetType',
      'globalAssetId',
      'specificAssetIds[].name',
      'specificAssetIds[].value',
      'endpoints[].interface',
      'endpoints[].protocolinformation.href',
      'submodelDescriptors[].idShort',
      'submodelDescriptors[].id',
      'submodelDescriptors[].endpoints[].interface',
      'submodelDescriptors[].endpoints[].protocolinformation.href'
    ],
    references: ['specificAssetIds[].externalSubjectId', 'submodelDescriptors[].semanticId'],
    laterReferences: ['submodelDescriptors[].supplementalSemanticIds[]']
  },
  $smdesc: {
    texts: ['idShort', 'id', 'endpoints[].interface', 'endpoints[].protocolinformation.href'],
    references: ['semanticId'],
    laterReferences: ['supplementalSemanticIds[]']
  }
}

/** Lists whose brackets may be omitted, as in the prose of the standard; that means any item. */
export const BRACKETS_OPTIONAL = /(^|\.)(submodels|submodelDescriptors|supplementalSemanticIds)(?=\.|$)/g

/** Name of the list in descriptors until release 3.1.1. */
export const FORMER_NAME = /(^|\.)supplementalSemanticId(?=[.[]|$)/g

/** All attributes of a root in the grammar's spelling; `every` includes those unknown to release 3.1.2. */
export function attributesOf(root: Root, every: boolean): string[] {
  const { texts, references, partReferences = [], laterReferences = [] } = fields[root]
  const later = every ? laterReferences : []
  const parts = [...references, ...partReferences, ...later].flatMap((name) => [
    `${name}.type`,
    `${name}.keys[].type`,
    `${name}.keys[].value`
  ])
  return [...texts, ...references, ...(every ? partReferences : []), ...later, ...parts]
}

/** Is this attribute a reference, read as the value of its first key? */
export function isReference(root: Root, attribute: string): boolean {
  const { references, partReferences = [], laterReferences = [] } = fields[root]
  return [...references, ...partReferences, ...laterReferences].includes(attribute)
}

export function isTextOperator(operator: Operator): operator is TextOperator {
  return (textOperators as readonly string[]).includes(operator)
}
