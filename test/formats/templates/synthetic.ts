/** A synthetic template with the rules that no published one has, to test these too. */
import type { Submodel } from '../../../src/model/types.ts'

const id = (name: string): { type: 'ExternalReference'; keys: { type: 'GlobalReference'; value: string }[] } => ({
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value: `https://example.com/ids/${name}` }]
})

const qualified = (...qualifiers: [type: string, value: string][]): object => ({
  qualifiers: qualifiers.map(([type, value]) => ({ kind: 'TemplateQualifier', type, value, valueType: 'xs:string' }))
})

const property = (idShort: string, valueType: string, ...qualifiers: [string, string][]): object => ({
  modelType: 'Property',
  idShort,
  valueType,
  semanticId: id(idShort),
  ...qualified(...qualifiers)
})

export const synthetic = {
  modelType: 'Submodel',
  id: 'https://example.com/templates/synthetic',
  idShort: 'Synthetic',
  kind: 'Template',
  semanticId: id('Synthetic'),
  submodelElements: [
    property('Pressure', 'xs:double', ['SMT/AllowedRange', '(0,10.5]|[20,5000]']),
    property('Level', 'xs:int', ['SMT/AllowedRange', '[-5,5]'], ['SMT/Cardinality', 'ZeroToOne']),
    property('Code', 'xs:string', ['SMT/AllowedValue', '[A-Z]{2}-[[:digit:]]+']),
    property('Short', 'xs:string', ['SMT/Length', '8']),
    property('Phone', 'xs:string', ['SMT/EitherOr', 'contact']),
    property('Mail', 'xs:string', ['SMT/EitherOr', 'contact']),
    property('Left', 'xs:string', ['SMT/EitherOr', 'side'], ['SMT/Cardinality', 'ZeroToOne']),
    property('Right', 'xs:string', ['SMT/EitherOr', 'side'], ['SMT/Cardinality', 'ZeroToOne']),
    {
      modelType: 'MultiLanguageProperty',
      idShort: 'Title',
      semanticId: id('Title'),
      ...qualified(['SMT/RequiredLang', 'en|ko'])
    },
    {
      modelType: 'Range',
      idShort: 'Limits',
      valueType: 'xs:integer',
      semanticId: id('Limits'),
      ...qualified(['SMT/AllowedRange', '[0,100]'])
    },
    {
      modelType: 'SubmodelElementCollection',
      idShort: 'Document{00}',
      semanticId: id('Document'),
      ...qualified(['SMT/Cardinality', 'OneToMany']),
      value: [property('Name', 'xs:string')]
    },
    {
      modelType: 'AnnotatedRelationshipElement',
      idShort: 'Wiring',
      semanticId: id('Wiring'),
      first: id('a'),
      second: id('b'),
      annotations: [property('Diameter', 'xs:decimal')]
    },
    {
      modelType: 'Operation',
      idShort: 'Move',
      semanticId: id('Move'),
      inputVariables: [{ value: property('Speed', 'xs:float') }, { value: property('Path', 'xs:string') }],
      outputVariables: [{ value: property('Done', 'xs:boolean') }]
    },
    { modelType: 'Capability', idShort: 'Moving', semanticId: id('Moving') }
  ]
} as unknown as Submodel
