/**
 * The metamodel of the Asset Administration Shell: Part 1 (IDTA-01001), release 3.1, with the IEC 61360 data
 * specification (IDTA-01003-a). Types, JSON Schema, XML, the three views and every walk are derived from this file.
 *
 * A member is declared as `name: 'Type'` with a mark for its multiplicity: none = exactly one, `?` = at most one, `*` = a
 * list that is absent rather than empty, `+` = a list of at least one. Members are in the order of the XML Schema of
 * Part 1.
 */

/** Multiplicity of a member. */
export type Mark = '' | '?' | '*' | '+' | '[]'

/** Declaration of a class, without inherited members. */
export interface ClassDeclaration {
  /** Superclasses in the order of their members. */
  readonly is?: readonly string[]
  /** A member of an abstract type is a choice between its concrete subclasses. */
  readonly abstract?: true
  /** Own members. */
  readonly has?: Readonly<Record<string, string>>
  /** The member with child elements (Part 2, idShortPath). */
  readonly children?: string
  /** Members that `$metadata` leaves out (Part 2, 11.3.3, and the `…Metadata` schemas), apart from `children`. */
  readonly values?: readonly string[]
  /** Serialized with a `modelType` (Part 1, JSON mapping). */
  readonly modelType?: true
}

/** A primitive type: its length in characters and its pattern (by name, see patterns.ts). */
export interface PrimitiveDeclaration {
  readonly json: 'string' | 'boolean'
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  /** The value is base64 text. */
  readonly base64?: true
}

/** Part 1, "Primitive and simple data types". [AASd-130] applies to every string. */
export const primitives = {
  boolean: { json: 'boolean' },
  string: { json: 'string', minLength: 1 },
  Identifier: { json: 'string', minLength: 1, maxLength: 2048 },
  IdShort: { json: 'string', minLength: 1, maxLength: 128, pattern: 'idShort' },
  NameType: { json: 'string', minLength: 1, maxLength: 128 },
  LabelType: { json: 'string', minLength: 1, maxLength: 64 },
  MessageTopicType: { json: 'string', minLength: 1, maxLength: 255 },
  VersionType: { json: 'string', minLength: 1, maxLength: 4, pattern: 'version' },
  RevisionType: { json: 'string', minLength: 1, maxLength: 4, pattern: 'version' },
  ContentType: { json: 'string', minLength: 1, maxLength: 128, pattern: 'contentType' },
  PathType: { json: 'string', minLength: 1, maxLength: 2048, pattern: 'path' },
  DateTime: { json: 'string', pattern: 'dateTime' },
  DateTimeUtc: { json: 'string', pattern: 'dateTimeUtc' },
  Duration: { json: 'string', pattern: 'duration' },
  LanguageTag: { json: 'string', pattern: 'languageTag' },
  ValueDataType: { json: 'string' },
  BlobType: { json: 'string', base64: true },
  Text18: { json: 'string', minLength: 1, maxLength: 18 },
  Text128: { json: 'string', minLength: 1, maxLength: 128 },
  Text255: { json: 'string', minLength: 1, maxLength: 255 },
  Text1023: { json: 'string', minLength: 1, maxLength: 1023 }
} as const satisfies Record<string, PrimitiveDeclaration>

export const enumerations = {
  // Batch came with release 3.2.
  AssetKind: ['Batch', 'Instance', 'NotApplicable', 'Role', 'Type'],
  ModellingKind: ['Instance', 'Template'],
  QualifierKind: ['ConceptQualifier', 'TemplateQualifier', 'ValueQualifier'],
  EntityType: ['CoManagedEntity', 'SelfManagedEntity'],
  Direction: ['input', 'output'],
  StateOfEvent: ['off', 'on'],
  ReferenceTypes: ['ExternalReference', 'ModelReference'],
  KeyTypes: [
    'AnnotatedRelationshipElement',
    'AssetAdministrationShell',
    'BasicEventElement',
    'Blob',
    'Capability',
    'ConceptDescription',
    'DataElement',
    'Entity',
    'EventElement',
    'File',
    'FragmentReference',
    'GlobalReference',
    'Identifiable',
    'MultiLanguageProperty',
    'Operation',
    'Property',
    'Range',
    'Referable',
    'ReferenceElement',
    'RelationshipElement',
    'Submodel',
    'SubmodelElement',
    'SubmodelElementCollection',
    'SubmodelElementList'
  ],
  AasSubmodelElements: [
    'AnnotatedRelationshipElement',
    'BasicEventElement',
    'Blob',
    'Capability',
    'DataElement',
    'Entity',
    'EventElement',
    'File',
    'MultiLanguageProperty',
    'Operation',
    'Property',
    'Range',
    'ReferenceElement',
    'RelationshipElement',
    'SubmodelElement',
    'SubmodelElementCollection',
    'SubmodelElementList'
  ],
  DataTypeDefXsd: [
    'xs:anyURI',
    'xs:base64Binary',
    'xs:boolean',
    'xs:byte',
    'xs:date',
    'xs:dateTime',
    'xs:decimal',
    'xs:double',
    'xs:duration',
    'xs:float',
    'xs:gDay',
    'xs:gMonth',
    'xs:gMonthDay',
    'xs:gYear',
    'xs:gYearMonth',
    'xs:hexBinary',
    'xs:int',
    'xs:integer',
    'xs:long',
    'xs:negativeInteger',
    'xs:nonNegativeInteger',
    'xs:nonPositiveInteger',
    'xs:positiveInteger',
    'xs:short',
    'xs:string',
    'xs:time',
    'xs:unsignedByte',
    'xs:unsignedInt',
    'xs:unsignedLong',
    'xs:unsignedShort'
  ],
  DataTypeIec61360: [
    'BLOB',
    'BOOLEAN',
    'DATE',
    'FILE',
    'HTML',
    'INTEGER_COUNT',
    'INTEGER_CURRENCY',
    'INTEGER_MEASURE',
    'IRDI',
    'IRI',
    'RATIONAL',
    'RATIONAL_MEASURE',
    'REAL_COUNT',
    'REAL_CURRENCY',
    'REAL_MEASURE',
    'STRING',
    'STRING_TRANSLATABLE',
    'TIME',
    'TIMESTAMP'
  ]
} as const satisfies Record<string, readonly string[]>

export const classes = {
  // ---- what many classes share
  HasExtensions: { abstract: true, has: { extensions: 'Extension*' } },
  HasSemantics: { abstract: true, has: { semanticId: 'Reference?', supplementalSemanticIds: 'Reference*' } },
  HasKind: { abstract: true, has: { kind: 'ModellingKind?' } },
  HasDataSpecification: { abstract: true, has: { embeddedDataSpecifications: 'EmbeddedDataSpecification*' } },
  Qualifiable: { abstract: true, has: { qualifiers: 'Qualifier*' } },
  Referable: {
    abstract: true,
    is: ['HasExtensions'],
    has: {
      category: 'NameType?',
      idShort: 'IdShort?',
      displayName: 'LangStringNameType*',
      description: 'LangStringTextType*'
    }
  },
  Identifiable: {
    abstract: true,
    is: ['Referable'],
    has: { administration: 'AdministrativeInformation?', id: 'Identifier' }
  },

  // ---- the three identifiables and the environment that carries them
  Environment: {
    has: {
      assetAdministrationShells: 'AssetAdministrationShell*',
      submodels: 'Submodel*',
      conceptDescriptions: 'ConceptDescription*'
    }
  },
  AssetAdministrationShell: {
    modelType: true,
    is: ['Identifiable', 'HasDataSpecification'],
    has: { derivedFrom: 'Reference?', assetInformation: 'AssetInformation', submodels: 'Reference*' }
  },
  Submodel: {
    modelType: true,
    is: ['Identifiable', 'HasKind', 'HasSemantics', 'Qualifiable', 'HasDataSpecification'],
    has: { submodelElements: 'SubmodelElement*' },
    children: 'submodelElements'
  },
  ConceptDescription: {
    modelType: true,
    is: ['Identifiable', 'HasDataSpecification'],
    has: { isCaseOf: 'Reference*' }
  },

  // ---- parts
  AdministrativeInformation: {
    is: ['HasDataSpecification'],
    has: {
      version: 'VersionType?',
      revision: 'RevisionType?',
      creator: 'Reference?',
      templateId: 'Identifier?',
      // Since release 3.2.
      createdAt: 'DateTime?',
      updatedAt: 'DateTime?'
    }
  },
  AssetInformation: {
    has: {
      assetKind: 'AssetKind',
      globalAssetId: 'Identifier?',
      specificAssetIds: 'SpecificAssetId*',
      assetType: 'Identifier?',
      defaultThumbnail: 'Resource?'
    }
  },
  Resource: { has: { path: 'PathType', contentType: 'ContentType?' } },
  SpecificAssetId: {
    is: ['HasSemantics'],
    has: { name: 'LabelType', value: 'Identifier', externalSubjectId: 'Reference?' }
  },
  Extension: {
    is: ['HasSemantics'],
    has: { name: 'NameType', valueType: 'DataTypeDefXsd?', value: 'ValueDataType?', refersTo: 'Reference*' }
  },
  Qualifier: {
    is: ['HasSemantics'],
    has: {
      kind: 'QualifierKind?',
      type: 'NameType',
      valueType: 'DataTypeDefXsd',
      value: 'ValueDataType?',
      valueId: 'Reference?'
    }
  },
  Reference: { has: { type: 'ReferenceTypes', referredSemanticId: 'Reference?', keys: 'Key+' } },
  Key: { has: { type: 'KeyTypes', value: 'Identifier' } },
  LangStringNameType: { has: { language: 'LanguageTag', text: 'Text128' } },
  LangStringTextType: { has: { language: 'LanguageTag', text: 'Text1023' } },

  // ---- submodel elements
  SubmodelElement: { abstract: true, is: ['Referable', 'HasSemantics', 'Qualifiable', 'HasDataSpecification'] },
  DataElement: { abstract: true, is: ['SubmodelElement'] },
  EventElement: { abstract: true, is: ['SubmodelElement'] },
  RelationshipElement: {
    modelType: true,
    is: ['SubmodelElement'],
    has: { first: 'Reference?', second: 'Reference?' },
    values: ['first', 'second']
  },
  AnnotatedRelationshipElement: {
    modelType: true,
    is: ['RelationshipElement'],
    has: { annotations: 'DataElement*' },
    children: 'annotations',
    values: ['first', 'second']
  },
  BasicEventElement: {
    modelType: true,
    is: ['EventElement'],
    has: {
      observed: 'Reference',
      direction: 'Direction',
      state: 'StateOfEvent',
      messageTopic: 'MessageTopicType?',
      messageBroker: 'Reference?',
      lastUpdate: 'DateTimeUtc?',
      minInterval: 'Duration?',
      maxInterval: 'Duration?'
    },
    values: ['observed']
  },
  Blob: {
    modelType: true,
    is: ['DataElement'],
    has: { value: 'BlobType?', contentType: 'ContentType?' },
    values: ['value', 'contentType']
  },
  Capability: { modelType: true, is: ['SubmodelElement'] },
  Entity: {
    modelType: true,
    is: ['SubmodelElement'],
    has: {
      statements: 'SubmodelElement*',
      entityType: 'EntityType?',
      globalAssetId: 'Identifier?',
      specificAssetIds: 'SpecificAssetId*'
    },
    children: 'statements',
    values: ['entityType', 'globalAssetId', 'specificAssetIds']
  },
  File: {
    modelType: true,
    is: ['DataElement'],
    has: { value: 'PathType?', contentType: 'ContentType?' },
    values: ['value', 'contentType']
  },
  MultiLanguageProperty: {
    modelType: true,
    is: ['DataElement'],
    has: { value: 'LangStringTextType*', valueId: 'Reference?' },
    values: ['value', 'valueId']
  },
  Operation: {
    modelType: true,
    is: ['SubmodelElement'],
    has: {
      inputVariables: 'OperationVariable*',
      outputVariables: 'OperationVariable*',
      inoutputVariables: 'OperationVariable*'
    }
  },
  OperationVariable: { has: { value: 'SubmodelElement' } },
  Property: {
    modelType: true,
    is: ['DataElement'],
    has: { valueType: 'DataTypeDefXsd', value: 'ValueDataType?', valueId: 'Reference?' },
    values: ['value', 'valueId']
  },
  Range: {
    modelType: true,
    is: ['DataElement'],
    has: { valueType: 'DataTypeDefXsd', min: 'ValueDataType?', max: 'ValueDataType?' },
    values: ['min', 'max']
  },
  ReferenceElement: {
    modelType: true,
    is: ['DataElement'],
    has: { value: 'Reference?' },
    values: ['value']
  },
  SubmodelElementCollection: {
    modelType: true,
    is: ['SubmodelElement'],
    has: { value: 'SubmodelElement*' },
    children: 'value'
  },
  SubmodelElementList: {
    modelType: true,
    is: ['SubmodelElement'],
    has: {
      orderRelevant: 'boolean?',
      semanticIdListElement: 'Reference?',
      typeValueListElement: 'AasSubmodelElements',
      valueTypeListElement: 'DataTypeDefXsd?',
      value: 'SubmodelElement*'
    },
    children: 'value'
  },

  // ---- IEC 61360 data specifications
  EmbeddedDataSpecification: {
    has: { dataSpecification: 'Reference', dataSpecificationContent: 'DataSpecificationContent' }
  },
  DataSpecificationContent: { abstract: true },
  DataSpecificationIec61360: {
    modelType: true,
    is: ['DataSpecificationContent'],
    has: {
      preferredName: 'LangStringPreferredNameTypeIec61360+',
      shortName: 'LangStringShortNameTypeIec61360*',
      unit: 'string?',
      unitId: 'Reference?',
      sourceOfDefinition: 'string?',
      symbol: 'string?',
      dataType: 'DataTypeIec61360?',
      definition: 'LangStringDefinitionTypeIec61360*',
      valueFormat: 'string?',
      valueList: 'ValueList?',
      value: 'Identifier?',
      levelType: 'LevelType?'
    }
  },
  LangStringPreferredNameTypeIec61360: { has: { language: 'LanguageTag', text: 'Text255' } },
  LangStringShortNameTypeIec61360: { has: { language: 'LanguageTag', text: 'Text18' } },
  LangStringDefinitionTypeIec61360: { has: { language: 'LanguageTag', text: 'Text1023' } },
  LevelType: { has: { min: 'boolean', nom: 'boolean', typ: 'boolean', max: 'boolean' } },
  ValueList: { has: { valueReferencePairs: 'ValueReferencePair+' } },
  ValueReferencePair: { has: { value: 'Identifier', valueId: 'Reference?' } },

  // ---- events (experimental in Part 1)
  EventPayload: {
    has: {
      source: 'Reference',
      sourceSemanticId: 'Reference?',
      observableReference: 'Reference',
      observableSemanticId: 'Reference?',
      topic: 'MessageTopicType?',
      subjectId: 'Reference?',
      timeStamp: 'DateTimeUtc',
      payload: 'BlobType?'
    }
  }
} as const satisfies Record<string, ClassDeclaration>
