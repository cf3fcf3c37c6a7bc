/**
 * The grammar of AASQL (Part 2, "Query Language"; the same for the formulas of Part 4) as data: what can be compared,
 * and how. The parser, the evaluator, the index plan and the JSON Schema all read it from here.
 */

/** A type of the language; a field is text until the other side of a comparison says otherwise. */
export type ValueType = 'str' | 'num' | 'hex' | 'bool' | 'dateTime' | 'time'

/** Comparisons by their order; [Part 2, "Comparison Operators"] */
export const orderings = ['$eq', '$ne', '$gt', '$ge', '$lt', '$le'] as const
/** Comparisons of texts. */
export const textOperators = ['$contains', '$starts-with', '$ends-with', '$regex'] as const
/** What combines conditions; within `$match` only comparisons, `$boolean` and `$match` may stand. */
export const connectives = ['$and', '$or', '$not', '$match', '$boolean'] as const

export type Ordering = (typeof orderings)[number]
export type TextOperator = (typeof textOperators)[number]
export type Operator = Ordering | TextOperator

/** Literals, and the JSON that they are written as. */
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
    pattern: '^[0-9][0-9]:[0-9][0-9](:[0-9][0-9])?$',
    words: 'a time of day, like 13:20 or 13:20:00'
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

/** Casts of any value, and the type that they cast to. */
export const casts = {
  $strCast: 'str',
  $numCast: 'num',
  $hexCast: 'hex',
  $boolCast: 'bool',
  $dateTimeCast: 'dateTime',
  $timeCast: 'time'
} as const satisfies Record<string, ValueType>

/** Numbers taken from a date and time, as its own time zone tells them; the week begins with Sunday = 0. */
export const dateParts = ['$dayOfWeek', '$dayOfMonth', '$month', '$year'] as const
export type DatePart = (typeof dateParts)[number]

/** What may stand in a comparison of texts. */
export const textOperands = ['$field', '$strVal', '$strCast'] as const

/** Where a field begins. */
export type Root = '$aas' | '$sm' | '$sme' | '$cd' | '$aasdesc' | '$smdesc'

interface RootFields {
  /** Members that hold text. `[]` stands for any item; a number may be written into it. */
  readonly texts: readonly string[]
  /** References: the name alone is the first key's value; `.type`, `.keys[].type` and `.keys[].value` follow. */
  readonly references: readonly string[]
  /** References that release 3.1.2 does not let stand alone, without `.type` or `.keys[]`. */
  readonly partReferences?: readonly string[]
  /** References that only release 3.2 knows. */
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

/** Lists whose brackets may be left out, as the prose of the standard does; that means any item. */
export const BRACKETS_OPTIONAL = /(^|\.)(submodels|submodelDescriptors|supplementalSemanticIds)(?=\.|$)/g

/** What descriptors called the list until release 3.1.1. */
export const FORMER_NAME = /(^|\.)supplementalSemanticId(?=[.[]|$)/g

/** All attributes of a root as the grammar spells them; `every` with those that release 3.1.2 does not know. */
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
