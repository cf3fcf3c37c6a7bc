/** Random documents that obey every rule of the metamodel, of all fourteen element kinds. */
import fc from 'fast-check'
import type { Property, Range, Reference, Submodel, SubmodelElement } from '../src/model/types.ts'

/** Characters that XML 1.0 can carry, with those that tempt a writer to go wrong. */
const character = fc.oneof(
  fc.constantFrom('&', '<', '>', '"', "'", '\r', '\n', '\t', ' ', ']]>', 'é', '한', '😀', '\u{10FFFF}', '\uFFFD'),
  fc.string({ minLength: 1, maxLength: 3 }).filter((text) => /^[ -~]*$/.test(text))
)

function text(maxLength = 60): fc.Arbitrary<string> {
  return fc
    .array(character, { minLength: 1, maxLength: 12 })
    .map((parts) => parts.join('').slice(0, maxLength).toWellFormed())
}

const idShort = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{1,12}$/)

const identifier = fc.uuid().map((id) => `urn:test:${id}`)

const reference: fc.Arbitrary<Reference> = text().map((value) => ({
  type: 'ExternalReference',
  keys: [{ type: 'GlobalReference', value }]
}))

const modelReference: fc.Arbitrary<Reference> = fc.tuple(text(), idShort).map(([id, value]) => ({
  type: 'ModelReference',
  keys: [
    { type: 'Submodel', value: id },
    { type: 'Property', value }
  ]
}))

const langStrings = fc
  .uniqueArray(fc.tuple(fc.constantFrom('de', 'en', 'ko', 'fr-CH'), text()), {
    minLength: 1,
    selector: ([language]) => language
  })
  .map((texts) => texts.map(([language, text]) => ({ language, text })))

const contentType = fc.constantFrom('application/pdf', 'text/plain; charset=utf-8', 'image/png')

/** A value type with a text of it. */
const typed: fc.Arbitrary<{ valueType: Property['valueType']; value: string }> = fc.oneof(
  fc.integer().map((value) => ({ valueType: 'xs:int' as const, value: String(value) })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value) => ({ valueType: 'xs:long' as const, value: String(value) })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => ({ valueType: 'xs:double' as const, value: String(value) })),
  fc.boolean().map((value) => ({ valueType: 'xs:boolean' as const, value: String(value) })),
  text().map((value) => ({ valueType: 'xs:string' as const, value })),
  fc
    .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
    .map((value) => ({ valueType: 'xs:dateTime' as const, value: value.toISOString() }))
)

/** What every element may have besides its name. */
const common = fc.record(
  { displayName: langStrings, description: langStrings, semanticId: reference, category: fc.constant('PARAMETER') },
  { requiredKeys: [] }
)

type Made = Record<string, unknown>

const leaf: fc.Arbitrary<Made> = fc.oneof(
  typed.map((members) => ({ modelType: 'Property', ...members })),
  typed.map(
    ({ valueType, value }): Made =>
      ({ modelType: 'Range', ...(valueType && { valueType }), min: value, max: value }) satisfies Range
  ),
  typed.map(({ valueType }) => ({ modelType: 'Property', valueType })),
  langStrings.map((value) => ({ modelType: 'MultiLanguageProperty', value })),
  contentType.map((type) => ({ modelType: 'File', contentType: type, value: '/aasx/files/a.pdf' })),
  fc.tuple(contentType, fc.uint8Array({ minLength: 1, maxLength: 20 })).map(([type, bytes]) => ({
    modelType: 'Blob',
    contentType: type,
    value: Buffer.from(bytes).toString('base64')
  })),
  reference.map((value) => ({ modelType: 'ReferenceElement', value })),
  fc.constant({ modelType: 'Capability' }),
  modelReference.map((observed) => ({ modelType: 'BasicEventElement', observed, direction: 'output', state: 'on' })),
  fc.tuple(modelReference, reference).map(([first, second]) => ({ modelType: 'RelationshipElement', first, second })),
  typed.map((members) => ({
    modelType: 'Operation',
    inputVariables: [{ value: { modelType: 'Property', idShort: 'in1', ...members } }]
  }))
)

const { element } = fc.letrec<{ element: Made; children: SubmodelElement[] }>((tie) => ({
  element: fc
    .tuple(
      common,
      fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        leaf,
        tie('children').map((value) => ({ modelType: 'SubmodelElementCollection', value })),
        tie('children').map((statements) => ({ modelType: 'Entity', entityType: 'CoManagedEntity', statements })),
        fc.array(fc.integer(), { minLength: 1, maxLength: 4 }).map((numbers) => ({
          modelType: 'SubmodelElementList',
          typeValueListElement: 'Property',
          valueTypeListElement: 'xs:int',
          value: numbers.map((value) => ({ modelType: 'Property', valueType: 'xs:int', value: String(value) }))
        })),
        fc.tuple(reference, reference, typed).map(([first, second, note]) => ({
          modelType: 'AnnotatedRelationshipElement',
          first,
          second,
          annotations: [{ modelType: 'Property', idShort: 'note', ...note }]
        }))
      )
    )
    .map(([shared, own]) => ({ ...shared, ...own })),
  children: named(tie('element'))
}))

/** One to four elements with idShorts that differ. */
function named(one: fc.Arbitrary<Made>): fc.Arbitrary<SubmodelElement[]> {
  return fc
    .uniqueArray(fc.tuple(idShort, one), { minLength: 1, maxLength: 4, selector: ([name]) => name })
    .map((parts) => parts.map(([name, part]) => ({ idShort: name, ...part }) as unknown as SubmodelElement))
}

export const submodel: fc.Arbitrary<Submodel> = fc
  .tuple(identifier, idShort, common, named(element))
  .map(([id, name, shared, submodelElements]) => ({
    modelType: 'Submodel',
    id,
    idShort: name,
    ...shared,
    submodelElements
  }))
