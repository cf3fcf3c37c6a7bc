/** What a verdict shows of the value of an element, and of one that is gone. */
import t from 'tap'
import type { Submodel } from '../../src/model/types.ts'
import { DocumentView } from '../../src/security/view.ts'
import {
  anonymous,
  decide,
  document,
  eq,
  field,
  type Json,
  policyOf,
  property,
  rule,
  str,
  submodel
} from './fixture.ts'

const texts = [
  { language: 'en', text: 'open' },
  { language: 'ko', text: '비밀' }
]
const machine = submodel('m', 'urn:public', [
  property('speed', '5', 'urn:speed'),
  property('recipe', 'x'),
  { modelType: 'Property', idShort: 'unset', valueType: 'xs:string' },
  { modelType: 'MultiLanguageProperty', idShort: 'name', value: texts }
]) as unknown as Submodel

const views = (...rules: Json[]) =>
  new DocumentView(decide(policyOf(...rules), anonymous, 'READ', document('Submodel', 'm')), 'Submodel')
const hiding = (FRAGMENT: string, CONDITION: Json): Json => rule({ more: { FILTER: { FRAGMENT, CONDITION } } })
const named = (idShort: string): Json => eq(field('$sme#idShort'), str(idShort))

t.test('a value is visible where its element is, unless something of the value is hidden', async (t) => {
  const shown = (...rules: Json[]) =>
    ['speed', 'recipe', 'unset', 'name', 'absent']
      .filter((path) => views(...rules).showsValue(machine, [path]))
      .join(' ')
  t.equal(shown(rule({})), 'speed recipe unset name')
  t.equal(shown(), '')
  t.equal(shown(rule({ objects: [{ REFERABLE: '$sme("m").speed' }] })), 'speed')
  t.equal(shown(hiding('$sme', named('speed'))), 'speed')
  t.equal(shown(hiding('$sme#value', named('speed'))), 'speed', 'also where it has no value yet')
  t.equal(shown(hiding('$sme.name#value', eq(field('$sme.speed#value'), str('6')))), 'speed recipe unset')
  t.equal(
    shown(hiding('$sme#value', named('speed')), rule({ objects: [{ REFERABLE: '$sme("m").recipe' }] })),
    'speed recipe',
    'each rule shows what it shows'
  )
})

t.test('an element that is gone is visible where no filter could have hidden it', async (t) => {
  const shown = (...rules: Json[]) => views(...rules).showsRemoved(machine, ['old', 'part'])
  t.equal(shown(rule({})), true)
  t.equal(shown(), false)
  t.equal(shown(rule({ objects: [{ REFERABLE: '$sme("m").old' }] })), true)
  t.equal(shown(rule({ objects: [{ REFERABLE: '$sme("m").speed' }] })), false)
  t.equal(shown(rule({ formula: eq(field('$sm#semanticId'), str('urn:public')) })), true)
  t.equal(shown(rule({ formula: eq(field('$sm#semanticId'), str('urn:other')) })), false)
  t.equal(shown(hiding('$sme', named('old'))), false)
})

t.test('the elements that are visible without their submodel are known', async (t) => {
  const view = views(
    rule({ objects: [{ REFERABLE: '$sme("m").speed' }, { REFERABLE: '$sme("m").absent' }] }),
    rule({ objects: [{ REFERABLE: '$sme("x").recipe' }] })
  )
  t.same(view.visibleBeginnings(machine), ['speed'])
  t.equal(view.showsDocument(machine), false)
  t.equal(view.showsElement(machine, ['speed']), true)
  t.equal(view.showsElement(machine, ['recipe']), false)
  t.equal(view.showsElement(machine, ['absent']), true, 'it may have been removed')
  const all = views(rule({ objects: [{ REFERABLE: '$sme("m")' }] }))
  t.same(all.visibleBeginnings(machine), ['speed', 'recipe', 'unset', 'name'])
  t.equal(views(rule({})).showsDocument(machine), true)
})
