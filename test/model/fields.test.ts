import t from 'tap'
import { childrenMember, fieldsOf, heirsOf, isA, isClass } from '../../src/model/fields.ts'
import { classes, enumerations, primitives } from '../../src/model/metamodel.ts'

t.test('every member has a type that is declared', async (t) => {
  const known = new Set([...Object.keys(classes), ...Object.keys(enumerations), ...Object.keys(primitives)])
  for (const name of Object.keys(classes)) {
    for (const field of fieldsOf(name)) t.ok(known.has(field.type), `${name}/${field.name}: ${field.type}`)
  }
})

t.test('members are inherited, in the order of the XML Schema, each once', async (t) => {
  t.same(
    fieldsOf('Property').map((field) => field.name),
    [
      'extensions',
      'category',
      'idShort',
      'displayName',
      'description',
      'semanticId',
      'supplementalSemanticIds',
      'qualifiers',
      'embeddedDataSpecifications',
      'valueType',
      'value',
      'valueId'
    ]
  )
  for (const name of Object.keys(classes)) {
    const names = fieldsOf(name).map((field) => field.name)
    t.equal(new Set(names).size, names.length, name)
  }
})

t.test('marks say how often a member occurs', async (t) => {
  const marks = Object.fromEntries(fieldsOf('Reference').map((field) => [field.name, [field.many, field.required]]))
  t.same(marks, { type: [false, true], referredSemanticId: [false, false], keys: [true, true] })
})

t.test('there are fourteen kinds of element, six of them data elements', async (t) => {
  t.equal(heirsOf('SubmodelElement').length, 14)
  t.same(heirsOf('DataElement').toSorted(), [
    'Blob',
    'File',
    'MultiLanguageProperty',
    'Property',
    'Range',
    'ReferenceElement'
  ])
  t.ok(isA('AnnotatedRelationshipElement', 'RelationshipElement'))
  t.notOk(isA('RelationshipElement', 'AnnotatedRelationshipElement'))
})

t.test('five kinds hold elements', async (t) => {
  const containers = Object.keys(classes).filter((name) => childrenMember(name) !== undefined)
  t.same(containers, [
    'Submodel',
    'AnnotatedRelationshipElement',
    'Entity',
    'SubmodelElementCollection',
    'SubmodelElementList'
  ])
})

t.test('names that every object inherits are no classes', async (t) => {
  for (const name of ['__proto__', 'constructor', 'toString', '']) {
    t.notOk(isClass(name), name)
    t.same(fieldsOf(name), [])
    t.equal(childrenMember(name), undefined)
  }
})
