import t from 'tap'
import { parseQuery } from '../../src/formats/query.ts'
import { compile } from '../../src/model/condition/compile.ts'
import { attributesOf, fields, type Root } from '../../src/model/condition/grammar.ts'
import type { Subject } from '../../src/model/condition/subject.ts'
import { processorMs } from '../processor-time.ts'

type Json = Readonly<Record<string, unknown>>

const field = ($field: string): Json => ({ $field })
const str = ($strVal: string): Json => ({ $strVal })
const num = ($numVal: number): Json => ({ $numVal })
const eq = (one: Json, other: Json): Json => ({ $eq: [one, other] })

function found(condition: Json, subject: Subject, document: object, related?: readonly object[]): boolean {
  return compile(parseQuery({ $condition: condition }, subject).condition, subject).matches(document, related)
}

const reference = (type: string, ...keys: [type: string, value: string][]) => ({
  type,
  keys: keys.map(([type, value]) => ({ type, value }))
})
const property = (idShort: string, value: string | undefined, more: Json = {}) => ({
  modelType: 'Property',
  idShort,
  valueType: 'xs:string',
  ...(value !== undefined && { value }),
  ...more
})
const collection = (idShort: string | undefined, ...value: object[]) => ({
  modelType: 'SubmodelElementCollection',
  ...(idShort !== undefined && { idShort }),
  value
})
const list = (idShort: string, ...value: object[]) => ({
  modelType: 'SubmodelElementList',
  idShort,
  typeValueListElement: 'SubmodelElementCollection',
  value
})
const submodel = (...submodelElements: object[]) => ({ modelType: 'Submodel', id: 'urn:sm', submodelElements })

// ---- Every field of the grammar

const endpoints = [{ interface: 'IF', protocolInformation: { href: 'HREF' } }]
const semantics = {
  semanticId: reference('SEM_TYPE', ['SEM_KEY_TYPE', 'SEM'], ['GlobalReference', 'second']),
  supplementalSemanticIds: [reference('SUP_TYPE', ['SUP_KEY_TYPE', 'SUP'])]
}
const specificAssetIds = [
  { name: 'NAME', value: 'VALUE', externalSubjectId: reference('EXT_TYPE', ['EXT_KEY_TYPE', 'EXT']) }
]
const asset = { assetKind: 'KIND', assetType: 'TYPE', globalAssetId: 'GLOBAL', specificAssetIds }
const smdesc = { id: 'ID', idShort: 'SHORT', endpoints, ...semantics }

const documents: Readonly<Record<Root, [subject: Subject, document: object]>> = {
  $aas: [
    'AssetAdministrationShell',
    {
      modelType: 'AssetAdministrationShell',
      id: 'ID',
      idShort: 'SHORT',
      assetInformation: asset,
      submodels: [reference('REF_TYPE', ['REF_KEY_TYPE', 'REF'])]
    }
  ],
  $sm: ['Submodel', { modelType: 'Submodel', id: 'ID', idShort: 'SHORT', ...semantics }],
  $sme: [
    'Submodel',
    submodel(property('SHORT', 'VALUE', { valueType: 'VALUE_TYPE', ...semantics }), {
      modelType: 'MultiLanguageProperty',
      idShort: 'mlp',
      value: [{ language: 'LANG', text: 'TEXT' }]
    })
  ],
  $cd: ['ConceptDescription', { modelType: 'ConceptDescription', id: 'ID', idShort: 'SHORT' }],
  $aasdesc: [
    'AssetAdministrationShellDescriptor',
    { id: 'ID', idShort: 'SHORT', endpoints, ...asset, submodelDescriptors: [smdesc] }
  ],
  $smdesc: ['SubmodelDescriptor', smdesc]
}

/** The end of an attribute, and its value in the documents above. */
const held: readonly [end: RegExp, value: string][] = [
  [/supplementalSemanticIds\[\]$/, 'SUP'],
  [/supplementalSemanticIds\[\]\.type$/, 'SUP_TYPE'],
  [/supplementalSemanticIds\[\]\.keys\[\]\.type$/, 'SUP_KEY_TYPE'],
  [/supplementalSemanticIds\[\]\.keys\[\]\.value$/, 'SUP'],
  [/semanticId$/, 'SEM'],
  [/semanticId\.type$/, 'SEM_TYPE'],
  [/semanticId\.keys\[\]\.type$/, 'SEM_KEY_TYPE'],
  [/semanticId\.keys\[\]\.value$/, 'SEM'],
  [/externalSubjectId$/, 'EXT'],
  [/externalSubjectId\.type$/, 'EXT_TYPE'],
  [/externalSubjectId\.keys\[\]\.type$/, 'EXT_KEY_TYPE'],
  [/externalSubjectId\.keys\[\]\.value$/, 'EXT'],
  [/submodels\[\]$/, 'REF'],
  [/submodels\[\]\.type$/, 'REF_TYPE'],
  [/submodels\[\]\.keys\[\]\.type$/, 'REF_KEY_TYPE'],
  [/submodels\[\]\.keys\[\]\.value$/, 'REF'],
  [/specificAssetIds\[\]\.name$/, 'NAME'],
  [/specificAssetIds\[\]\.value$/, 'VALUE'],
  [/assetKind$/, 'KIND'],
  [/assetType$/, 'TYPE'],
  [/globalAssetId$/, 'GLOBAL'],
  [/interface$/, 'IF'],
  [/href$/, 'HREF'],
  [/language$/, 'LANG'],
  [/valueType$/, 'VALUE_TYPE'],
  [/^value$/, 'VALUE'],
  [/idShort$/, 'SHORT'],
  [/id$/, 'ID']
]

t.test('every field of the grammar is read, at any index, at its index and at no other', async (t) => {
  for (const root of Object.keys(fields) as Root[]) {
    const [subject, document] = documents[root]
    for (const attribute of attributesOf(root, true)) {
      const value = held.find(([end]) => end.test(attribute))?.[1] ?? ''
      const finds = (index: string, sought: string): boolean =>
        found(eq(field(`${root}#${attribute.replaceAll('[]', index)}`), str(sought)), subject, document)
      t.ok(finds('[]', value), `${root}#${attribute}`)
      t.notOk(finds('[]', `not ${value}`), `${root}#${attribute}, another value`)
      t.ok(finds('[0]', value), `${root}#${attribute} [0]`)
      if (attribute.includes('[]')) t.notOk(finds('[7]', value), `${root}#${attribute} [7]`)
    }
  }
})

t.test('a reference alone is the value of its first key', async (t) => {
  const [subject, document] = documents.$sm
  t.notOk(found(eq(field('$sm#semanticId'), str('second')), subject, document))
  t.ok(found(eq(field('$sm#semanticId.keys[].value'), str('second')), subject, document))
  t.ok(found(eq(field('$sm#semanticId.keys[1].value'), str('second')), subject, document))
})

t.test('brackets may be left out as the prose of the standard does', async (t) => {
  const [subject, document] = documents.$aas
  t.ok(found(eq(field('$aas#submodels'), str('REF')), subject, document))
  t.ok(found(eq(field('$aas#submodels.type'), str('REF_TYPE')), subject, document))
  t.ok(found(eq(field('$aasdesc#submodelDescriptors.id'), str('ID')), ...documents.$aasdesc))
  t.ok(found(eq(field('$sm#supplementalSemanticIds'), str('SUP')), ...documents.$sm))
})

// ---- Operators and types

const one = (value: string) => submodel(property('p', value))
const P = field('$sme.p#value')

t.test('every operator holds where it should and nowhere else', async (t) => {
  const rows: [operator: string, other: Json, holds: string[], not: string[]][] = [
    ['$eq', str('b'), ['b'], ['a', 'B', 'bb', '']],
    ['$ne', str('b'), ['a', 'B', ''], ['b']],
    ['$lt', str('b'), ['a', 'B', '', 'az'], ['b', 'c']],
    ['$le', str('b'), ['a', 'b'], ['ba', 'c']],
    ['$gt', str('b'), ['ba', 'c'], ['b', 'a']],
    ['$ge', str('b'), ['b', 'c'], ['a']],
    ['$lt', str('\u{1f600}'), ['\uff5e', 'a'], ['\u{1f601}']],
    ['$gt', str('2'), ['3'], ['11', '10000']],
    ['$eq', num(13), ['13', '13.0', '1.3e1', '+13'], ['14', 'x', '']],
    ['$ne', num(13), ['14', 'NaN'], ['13.0', 'x']],
    ['$gt', num(2), ['11', 'INF'], ['2', '1', '-INF', 'NaN', 'x', '0x10']],
    ['$ge', num(2), ['2', '2.5'], ['1.9']],
    ['$lt', num(2), ['-3', '-INF'], ['2', 'x']],
    ['$le', num(2), ['2', '1e0'], ['2.1']],
    ['$eq', { $hexVal: '16#FF' }, ['16#FF', 'ff', '00FF'], ['FE', '255', 'x']],
    ['$gt', { $hexVal: '16#FF' }, ['100', '16#FFFFFFFFFFFFFFFFFFFFFF'], ['FF', '0A']],
    ['$eq', { $boolean: true }, ['true', '1'], ['false', '0', 'True', 'yes']],
    ['$ne', { $boolean: true }, ['false'], ['true', 'yes']],
    ['$ge', { $boolean: true }, ['true'], ['false']],
    ['$gt', { $boolean: false }, [], ['true', 'false']],
    [
      '$eq',
      { $dateTimeVal: '2024-02-29T01:00:00Z' },
      [
        '2024-02-29T10:00:00+09:00',
        '2024-02-29T01:00:00',
        '2024-02-29T01:00:00.000Z',
        '2024-02-28T25:00:00Z'.replace('28T25', '29T01')
      ],
      ['2024-02-29T01:00:00.001Z', '2024-02-30T01:00:00Z', 'now']
    ],
    [
      '$lt',
      { $dateTimeVal: '2024-03-01T00:00:00.5Z' },
      ['2024-03-01T00:00:00.49999999999Z', '2024-03-01', '-0044-03-15T12:00:00Z'],
      ['2024-03-01T00:00:00.5Z', '2024-02-29T23:00:00-02:00']
    ],
    [
      '$eq',
      { $timeVal: '13:20' },
      ['13:20:00', '13:20', '13:20:00Z', '22:20:00+09:00'],
      ['13:20:01', '1:20', '25:00:00']
    ],
    ['$ge', { $timeVal: '13:20:30' }, ['13:20:30.5', '24:00:00'], ['13:20:29.999', '24:00:01']],
    ['$contains', str('b.c'), ['ab.cd', 'b.c'], ['abcd', 'B.C', '']],
    ['$starts-with', str('ab'), ['abc', 'ab'], ['cab', 'a']],
    ['$ends-with', str('bc'), ['abc', 'bc'], ['bca', 'c']],
    ['$regex', str('b[0-9]+'), ['ab12c', 'b0'], ['b', 'bx']],
    ['$regex', str('^(?:x|y)+$'), ['xyx'], ['xyz', 'xy\n', '']]
  ]
  for (const [operator, other, holds, not] of rows) {
    const condition = { [operator]: [P, other] }
    for (const value of holds)
      t.ok(found(condition, 'Submodel', one(value)), `"${value}" ${operator} ${JSON.stringify(other)}`)
    for (const value of not)
      t.notOk(found(condition, 'Submodel', one(value)), `not "${value}" ${operator} ${JSON.stringify(other)}`)
  }
})

t.test('an ordering reads the same from both sides', async (t) => {
  for (const [operator, turned] of [
    ['$lt', '$gt'],
    ['$le', '$ge'],
    ['$eq', '$eq'],
    ['$ne', '$ne']
  ] as const) {
    for (const value of ['1', '2', '3']) {
      const here = found({ [operator]: [P, num(2)] }, 'Submodel', one(value))
      t.equal(found({ [turned]: [num(2), P] }, 'Submodel', one(value)), here, `${value} ${operator} 2`)
    }
  }
})

t.test('every cast and every part of a date gives its type', async (t) => {
  const rows: [one: Json, other: Json, value: string, equal: boolean][] = [
    [{ $strCast: P }, str('5.0'), '5.0', true],
    [{ $strCast: num(5) }, P, '5', true],
    [{ $strCast: { $boolean: true } }, str('true'), '', true],
    [{ $strCast: { $hexVal: '16#0F' } }, str('16#F'), '', true],
    [{ $numCast: P }, num(5), '5.0', true],
    [{ $numCast: P }, str('5'), '5', false],
    [{ $numCast: { $hexVal: '16#FF' } }, num(255), '', true],
    [{ $numCast: { $boolean: true } }, num(1), '', true],
    [{ $numCast: { $timeVal: '10:00' } }, num(10), '', false],
    [{ $hexCast: P }, { $hexVal: '16#AF' }, 'af', true],
    [{ $hexCast: num(255) }, { $hexVal: '16#FF' }, '', true],
    [{ $hexCast: num(-1) }, { $hexVal: '16#FF' }, '', false],
    [{ $boolCast: P }, { $boolean: false }, '0', true],
    [{ $boolCast: num(7) }, { $boolean: true }, '', true],
    [{ $dateTimeCast: P }, { $dateTimeVal: '2024-02-29T00:00:00Z' }, '2024-02-29', true],
    [{ $dateTimeCast: P }, { $dateTimeVal: '2024-03-01T00:00:00Z' }, '2024-02-30', false],
    [{ $dateTimeCast: P }, { $dateTimeVal: '2024-02-29T12:01:00Z' }, '2024-02-29T12:00:60Z', false],
    [{ $dateTimeCast: P }, { $dateTimeVal: '2024-03-01T00:00:00Z' }, '2024-02-29T23:59:60Z', true],
    [{ $dateTimeCast: P }, { $dateTimeVal: '2024-02-28T21:00:00Z' }, '2024-02-29T12:00:00+15:00', false],
    [{ $dateTimeCast: num(0) }, { $dateTimeVal: '1970-01-01T00:00:00Z' }, '', false],
    [{ $timeCast: P }, { $timeVal: '10:30' }, '10:30:00', true],
    [{ $timeCast: { $dateTimeCast: P } }, { $timeVal: '10:30' }, '2024-02-29T19:30:00+09:00', true],
    [{ $dayOfWeek: { $dateTimeCast: P } }, num(0), '2024-03-03T12:00:00Z', true],
    [{ $dayOfWeek: P }, num(6), '2024-03-03T12:00:00Z', false],
    [{ $dayOfMonth: P }, num(1), '2024-03-01T00:30:00+09:00', true],
    [{ $month: P }, num(2), '2024-02-29T23:59:59-05:00', true],
    [{ $year: P }, num(2023), '2023-12-31T23:59:59-05:00', true],
    [{ $year: P }, num(2023), 'last year', false],
    [{ $year: '2024-02-29T10:00:00Z' }, num(2024), '', true]
  ]
  for (const [left, right, value, equal] of rows) {
    t.equal(
      found(eq(left, right), 'Submodel', one(value)),
      equal,
      `${JSON.stringify(left)} = ${JSON.stringify(right)}, ${value}`
    )
  }
})

t.test('values of different types are not equal', async (t) => {
  t.notOk(found(eq(num(13), str('13')), 'Submodel', one('')))
  t.ok(found({ $ne: [num(13), str('13')] }, 'Submodel', one('')))
  t.notOk(found({ $le: [num(13), str('13')] }, 'Submodel', one('')))
})

t.test('an impossible cast makes the whole condition invalid', async (t) => {
  const bad = { $gt: [P, num(1)] }
  const document = one('text')
  t.notOk(found(bad, 'Submodel', document))
  t.notOk(found({ $not: bad }, 'Submodel', document))
  t.notOk(found({ $or: [bad, { $boolean: true }] }, 'Submodel', document))
  t.notOk(found({ $or: [{ $boolean: true }, bad] }, 'Submodel', document))
  t.notOk(found({ $not: { $and: [{ $boolean: false }, bad] } }, 'Submodel', document))
  t.notOk(found({ $not: eq({ $numCast: str('x') }, num(1)) }, 'Submodel', document))
  // One value that cannot be cast does not affect the others.
  t.ok(found({ $gt: [field('$sme#value'), num(1)] }, 'Submodel', submodel(property('a', 'x'), property('b', '2'))))
})

t.test('an absent value equals only another absent value', async (t) => {
  const document = { modelType: 'AssetAdministrationShell', id: 'urn:s', assetInformation: { assetKind: 'Instance' } }
  const both = [field('$aas#idShort'), field('$aas#assetInformation.assetType')]
  for (const [operator, expected] of [
    ['$eq', true],
    ['$le', true],
    ['$ge', true],
    ['$ne', false],
    ['$lt', false]
  ] as const) {
    t.equal(found({ [operator]: both }, 'AssetAdministrationShell', document), expected, operator)
  }
  t.notOk(found(eq(field('$aas#idShort'), field('$aas#id')), 'AssetAdministrationShell', document))
  for (const operator of ['$eq', '$ne', '$lt', '$ge', '$contains']) {
    t.notOk(found({ [operator]: [field('$aas#idShort'), str('x')] }, 'AssetAdministrationShell', document), operator)
  }
  t.ok(found({ $not: eq(field('$aas#idShort'), str('x')) }, 'AssetAdministrationShell', document))
})

t.test('two fields are compared as texts, any with any', async (t) => {
  const document = submodel(property('a', '5'), property('b', '5.0'), list('l', property('x', '7'), property('y', '5')))
  t.notOk(found(eq(field('$sme.a#value'), field('$sme.b#value')), 'Submodel', document))
  t.ok(found(eq(field('$sme.a#value'), field('$sme.l[]#value')), 'Submodel', document))
  t.ok(found(eq({ $numCast: field('$sme.a#value') }, field('$sme.b#value')), 'Submodel', document))
  t.ok(found({ '$starts-with': [field('$sme.b#value'), field('$sme.a#value')] }, 'Submodel', document))
  t.ok(found({ $regex: [field('$sme.b#value'), field('$sme.a#value')] }, 'Submodel', document))
  t.ok(found({ $contains: [str('a 5 b'), field('$sme.a#value')] }, 'Submodel', document))
})

// ---- Elements

const nested = submodel(
  collection('Pump', property('Speed', '10'), collection('Motor', property('Speed', '20'))),
  list('Docs', collection(undefined, property('Kind', 'manual')), collection(undefined, property('Kind', 'drawing'))),
  list('Grid', list('', property('', '1'), property('', '2')), list('', property('named', '3'))),
  { modelType: 'Entity', idShort: 'Ent', statements: [property('Hidden', 'h')] },
  {
    modelType: 'AnnotatedRelationshipElement',
    idShort: 'Rel',
    annotations: [property('Note', 'h')]
  },
  { modelType: 'Operation', idShort: 'Op', inputVariables: [{ value: property('In', 'h') }] },
  { modelType: 'Range', idShort: 'R', valueType: 'xs:int', min: '1', max: 'h' },
  { modelType: 'Blob', idShort: 'B', contentType: 'text/plain', value: 'h' },
  { modelType: 'File', idShort: 'F', contentType: 'text/plain', value: 'file:/manual.pdf' }
)

t.test('a path leads from any element down, and its indexes choose', async (t) => {
  const rows: [name: string, value: string, expected: boolean][] = [
    ['$sme.Pump.Speed#value', '10', true],
    ['$sme.Pump.Speed#value', '20', false],
    ['$sme.Pump.Motor.Speed#value', '20', true],
    ['$sme.Motor.Speed#value', '20', true],
    ['$sme.Speed#value', '20', true],
    ['$sme.Speed#value', '10', true],
    ['$sme.Motor#value', '20', false],
    ['$sme#value', '20', true],
    ['$sme#idShort', 'Motor', true],
    ['$sme.Docs[].Kind#value', 'drawing', true],
    ['$sme.Docs[1].Kind#value', 'drawing', true],
    ['$sme.Docs[0].Kind#value', 'drawing', false],
    ['$sme.Docs.Kind#value', 'drawing', false],
    ['$sme.Grid[][]#value', '2', true],
    ['$sme.Grid[0][1]#value', '2', true],
    ['$sme.Grid[1][]#value', '2', false],
    ['$sme.Grid[][0]#value', '3', true],
    ['$sme.named#value', '3', false],
    ['$sme.Grid[1][0]#idShort', 'named', true],
    ['$sme.F#value', 'file:/manual.pdf', true],
    ['$sme.R#valueType', 'xs:int', true],
    ['$sme.R#value', '1', false],
    ['$sme#value', 'h', false],
    ['$sme.Hidden#value', 'h', false],
    ['$sme.Ent.Hidden#value', 'h', false],
    ['$sme.Rel.Note#value', 'h', false],
    ['$sme.In#value', 'h', false],
    ['$sme.constructor#value', 'h', false]
  ]
  for (const [name, value, expected] of rows) {
    t.equal(found(eq(field(name), str(value)), 'Submodel', nested), expected, `${name} = ${value}`)
  }
})

// ---- $match

const match = (...of: Json[]): Json => ({ $match: of })
const and = (...of: Json[]): Json => ({ $and: of })

t.test('$match holds on to one item of a list, $and does not', async (t) => {
  const [subject, shell] = [
    'AssetAdministrationShell' as const,
    {
      id: 'urn:s',
      assetInformation: {
        specificAssetIds: [
          { name: 'supplierId', value: 'aas-1' },
          { name: 'customerId', value: 'aas-2' }
        ]
      }
    }
  ]
  const name = (value: string) => eq(field('$aas#assetInformation.specificAssetIds[].name'), str(value))
  const value = (value: string) => eq(field('$aas#assetInformation.specificAssetIds[].value'), str(value))
  t.ok(found(match(name('supplierId'), value('aas-1')), subject, shell))
  t.notOk(found(match(name('supplierId'), value('aas-2')), subject, shell))
  t.ok(found(and(name('supplierId'), value('aas-2')), subject, shell))
  t.ok(found({ $or: [match(name('x'), value('y')), match(name('customerId'), value('aas-2'))] }, subject, shell))
  t.ok(found({ $not: match(name('supplierId'), value('aas-2')) }, subject, shell))
})

t.test('$match holds on to one element, one text, and one list within another', async (t) => {
  const semantic = (value: string) => ({ semanticId: reference('ExternalReference', ['GlobalReference', value]) })
  const document = {
    ...submodel(
      property('width', '90', semantic('urn:width')),
      property('height', '120', semantic('urn:height')),
      property('colour', 'red'),
      {
        modelType: 'MultiLanguageProperty',
        idShort: 'm',
        value: [
          { language: 'de', text: 'Tor' },
          { language: 'en', text: 'gate' }
        ]
      },
      list(
        'A',
        collection(undefined, property('x', '1'), list('B', property('', 'p'), property('', 'q'))),
        collection(undefined, property('x', '2'), list('B', property('', 'p')))
      ),
      collection('S', property('u', '1'), property('v', '1')),
      collection('T', collection('S', property('u', '2'), property('v', '2')))
    ),
    idShort: 'TechnicalData'
  }
  const finds = (condition: Json) => found(condition, 'Submodel', document)
  const sm = eq(field('$sm#idShort'), str('TechnicalData'))
  const is = (name: string, value: string) => eq(field(`$sme${name}`), str(value))
  // The standard's own example.
  t.ok(finds(match(sm, is('#semanticId', 'urn:width'), { $lt: [field('$sme#value'), num(100)] })))
  t.notOk(finds(match(sm, is('#semanticId', 'urn:height'), { $lt: [field('$sme#value'), num(100)] })))
  t.ok(finds(and(is('#semanticId', 'urn:height'), { $lt: [field('$sme#value'), num(100)] })))
  t.ok(finds(match(is('.m#language', 'de'), is('.m#value', 'Tor'))))
  t.notOk(finds(match(is('.m#language', 'de'), is('.m#value', 'gate'))))
  t.ok(finds(match(is('.A[].x#value', '1'), is('.A[].B[]#value', 'q'))))
  t.notOk(finds(match(is('.A[].x#value', '2'), is('.A[].B[]#value', 'q'))))
  t.notOk(finds(match(is('.A[].B[]#value', 'p'), is('.A[].B[]#value', 'q'))))
  t.ok(finds(match(match(is('.A[].B[]#value', 'p')), match(is('.A[].B[]#value', 'q')))))
  t.ok(finds(match(is('.A[].x#value', '1'), match(is('.A[].B[]#value', 'p')), match(is('.A[].B[]#value', 'q')))))
  t.notOk(finds(match(is('.A[].x#value', '2'), match(is('.A[].B[]#value', 'p')), match(is('.A[].B[]#value', 'q')))))
  t.ok(finds(match(is('.S.u#value', '2'), is('.S.v#value', '2'))))
  t.notOk(finds(match(is('.S.u#value', '1'), is('.S.v#value', '2'))))
  t.ok(finds(and(is('.S.u#value', '1'), is('.S.v#value', '2'))))
  t.ok(finds(match(eq(field('$sme.S.u#value'), field('$sme.S.v#value')), is('.S.u#value', '2'))))
  t.ok(finds(match(is('.A[].x#value', '1'), { $boolean: true })))
  t.notOk(finds(match(is('.A[].x#value', '1'), { $boolean: false })))
})

t.test('$match refuses only fields that do not refer to its list', async (t) => {
  const is = (name: string) => eq(field(name), str('x'))
  const taken = (...names: string[]): boolean => {
    try {
      parseQuery({ $condition: match(...names.map(is)) }, 'Submodel')
      return true
    } catch (error) {
      t.match(error, { status: 400, violations: [{ pointer: /^\/\$condition\/\$match/ }] })
      return false
    }
  }
  t.ok(taken('$sm#idShort', '$sme.Docs[].Kind#value', '$sme.Docs[].Pages#value'))
  t.ok(taken('$aas#idShort', '$sm#semanticId.keys[].value', '$sme#value'))
  t.ok(taken('$sme.A.B#value', '$sme.A.C#value'))
  t.ok(taken('$sme#semanticId.keys[].value', '$sme#value'))
  t.ok(taken('$smdesc#endpoints[].interface', '$smdesc#endpoints[].protocolinformation.href'))
  t.notOk(taken('$sme.Docs[].Kind#value', '$sme.Other[].Pages#value'))
  t.notOk(taken('$sme.Docs[].Kind#value', '$sme.Title#value'))
  t.notOk(taken('$sme.Docs[].Kind#value', '$sme#value'))
  t.notOk(taken('$aas#assetInformation.specificAssetIds[].name', '$aas#idShort'))
  t.notOk(taken('$aas#assetInformation.specificAssetIds[].name', '$aas#submodels[].type'))
  t.notOk(taken('$aas#idShort', '$aas#id'))
  t.notOk(taken('$cd#id'))
  t.notOk(taken('$aasdesc#endpoints[].interface', '$smdesc#endpoints[].interface'))
})

// ---- Shells and submodels together

t.test('shells are judged with each of their submodels, submodels with each of their shells', async (t) => {
  const shell = { id: 'urn:shell', idShort: 'Line', assetInformation: {} }
  const nameplate = { ...submodel(property('Maker', 'ACME')), id: 'urn:1', idShort: 'Nameplate' }
  const technical = { ...submodel(property('Width', '90')), id: 'urn:2', idShort: 'TechnicalData' }
  const finds = (condition: Json, related: object[] = [nameplate, technical]) =>
    found(condition, 'AssetAdministrationShell', shell, related)
  const sm = (idShort: string) => eq(field('$sm#idShort'), str(idShort))
  const maker = eq(field('$sme.Maker#value'), str('ACME'))
  const width = { $lt: [field('$sme.Width#value'), num(100)] }
  t.ok(finds(and(sm('Nameplate'), maker)))
  t.notOk(finds(and(sm('TechnicalData'), maker)))
  t.notOk(finds(and(maker, width)), 'both in the same submodel')
  t.ok(finds(and(match(sm('Nameplate'), maker), match(sm('TechnicalData'), width))), 'each $match looks by itself')
  t.notOk(finds(match(sm('TechnicalData'), maker)))
  t.ok(finds({ $or: [sm('x'), eq(field('$aas#idShort'), str('Line'))] }, []), 'a shell without submodels')
  t.notOk(finds(sm('x'), []))
  const test = (condition: Json) => compile(parseQuery({ $condition: condition }, 'Submodel').condition, 'Submodel')
  const line = test(and(eq(field('$aas#idShort'), str('Line')), maker))
  t.equal(line.joins, 'AssetAdministrationShell')
  t.ok(line.matches(nameplate, [{ id: 'urn:other' }, shell]))
  t.notOk(line.matches(nameplate, [{ id: 'urn:other' }]))
  t.notOk(line.matches(technical, [shell]))
  t.equal(test(maker).joins, undefined)
})

t.test('roots that the subject does not have find nothing, also when negated', async (t) => {
  const condition = eq(field('$aasdesc#idShort'), str('x'))
  for (const [subject, document] of [documents.$sm, documents.$aas, documents.$cd, documents.$smdesc]) {
    t.notOk(found(condition, subject, document), subject)
    t.notOk(found({ $not: condition }, subject, document), subject)
  }
  t.notOk(found(eq(field('$sm#idShort'), str('SHORT')), ...documents.$cd))
})

// ---- Hostile conditions

t.test('conditions that would take too long are refused', async (t) => {
  const many = submodel(...Array.from({ length: 2000 }, (_, index) => property(`p${index}`, `${index} (a?)`)))
  const refused = (condition: Json, document: object) => {
    const ms = processorMs(() => {
      t.throws(() => found(condition, 'Submodel', document), { name: 'BadRequest' })
    })
    t.ok(ms < 10_000, `${ms} ms`)
  }
  refused({ $contains: [field('$sme#value'), field('$sme#idShort')] }, many)
  refused({ $regex: [field('$sme#idShort'), field('$sme#value')] }, many)
  refused({ $regex: [P, str('(?:a?){400}a{400}')] }, one('a'.repeat(1_000_000)))
  t.ok(found({ $regex: [P, str('(a+)+$')] }, 'Submodel', one(`${'a'.repeat(1_000_000)}`)))
  t.notOk(found({ $regex: [P, str('^(a+)+$')] }, 'Submodel', one(`${'a'.repeat(1_000_000)}!`)))
  t.notOk(found({ $regex: [str('aaa'), P] }, 'Submodel', one('a{3}')), 'patterns out of documents count nothing')
})

t.test('an element whose idShort an earlier sibling has is addressed by index, so no name leads to it', async (t) => {
  const twins = submodel(property('a', '1'), property('a', '2'))
  t.ok(found(eq(field('$sme.a#value'), str('1')), 'Submodel', twins))
  t.notOk(found(eq(field('$sme.a#value'), str('2')), 'Submodel', twins))
  t.ok(found(eq(field('$sme#value'), str('2')), 'Submodel', twins), 'among all elements it is found')
  const cousins = submodel(collection('x', property('a', '1')), collection('y', property('a', '2')))
  t.ok(found(eq(field('$sme.a#value'), str('2')), 'Submodel', cousins), 'elsewhere the name is free')
})
