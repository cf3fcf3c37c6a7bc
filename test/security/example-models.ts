/** Rules for the situations of the standard's examples (IDTA-01004, annex), with data of our own, in both spellings of literals. */
import { claim, eq, field, global, type Json, rule, stored, str } from './fixture.ts'

export const PLATE = 'urn:semantics:plate'
export const DATA = 'urn:semantics:data'

const ofKinds = {
  $or: [eq(field('$sm#semanticId'), str(PLATE)), eq(field('$sm#semanticId'), str(DATA))]
}

const rules = (...list: Json[]): Json => ({ AllAccessPermissionRules: { rules: list } })
const mailRule = (objects: readonly Json[], formula: Json): Json =>
  rule({ rights: ['READ', 'UPDATE'], attributes: [{ CLAIM: 'mail' }], objects, formula })
const spelled = (both: readonly string[], make: (literal: string) => Json): Json[] =>
  both.map((one) => rules(make(one)))

/** Example 8: name and value in one item; of the others those of a partner and those that are public are shown. */
function descriptors(DESCRIPTOR: string): Json {
  const name = (value: string): Json => eq(field('$aasdesc#specificAssetIds[].name'), str(value))
  const value = (text: string): Json => eq(field('$aasdesc#specificAssetIds[].value'), str(text))
  const owner = '$aasdesc#specificAssetIds[].externalSubjectId'
  const FILTER = {
    FRAGMENT: '$aasdesc#specificAssetIds[]',
    CONDITION: {
      $or: [
        { $match: [name('part'), value('99991')] },
        eq(field(owner), claim('partner')),
        eq(field(owner), str('PUBLIC'))
      ]
    }
  }
  const formula = {
    $and: [{ $match: [name('part'), value('99991')] }, { $match: [name('customer'), value('ACME')] }]
  }
  return rules(rule({ attributes: [{ CLAIM: 'partner' }], objects: [{ DESCRIPTOR }], formula, more: { FILTER } }))
}

/** By the number of the example: a file of rules in each spelling. */
export const exampleModels = {
  1: [rules(rule({}))],
  2: [rules(rule({ formula: ofKinds }))],
  3: spelled(['(Submodel)*', '$sm("*")'], (IDENTIFIABLE) =>
    mailRule([{ IDENTIFIABLE }], {
      $and: [
        ofKinds,
        { $or: [eq(claim('mail'), str('anna@mill.example')), eq(claim('mail'), str('carl@mill.example'))] }
      ]
    })
  ),
  4: [
    rules(
      mailRule([{ IDENTIFIABLE: '$sm("*")' }], {
        $and: [ofKinds, { $regex: [claim('mail'), str('^[\\w.]+@mill\\.example$')] }]
      })
    )
  ],
  5: spelled(['(Submodel)urn:plate', '$sm("urn:plate")'], (IDENTIFIABLE) =>
    mailRule([{ IDENTIFIABLE }], eq(claim('mail'), str('anna@mill.example')))
  ),
  6: [
    ['(Submodel)*#Id', global('UTCNOW')],
    ['$sm#id', { $timeCast: global('UTCNOW') }]
  ].map(([reference, now]) =>
    rules(
      rule({
        attributes: [{ CLAIM: 'company' }],
        formula: {
          $and: [
            eq(claim('company'), str('mill')),
            { $regex: [stored(String(reference)), str('^urn:pl')] },
            { $ge: [now, { $timeVal: '09:00' }] },
            { $le: [now, { $timeVal: '17:00' }] }
          ]
        }
      })
    )
  ),
  7: [rules(rule({ attributes: [{ CLAIM: 'partner' }], formula: eq(claim('partner'), str('P7')) }))],
  8: ['(aasdesc)*', '$aasdesc("*")', '$aasDesc("*")'].map(descriptors),
  9: ['$sme("urn:plate").', '(Submodel)urn:plate, (Property)'].map((literal) => ({
    DEFACLS: [{ name: 'acl', acl: { ATTRIBUTES: [{ CLAIM: 'mail' }], RIGHTS: ['READ'], ACCESS: 'ALLOW' } }],
    DEFOBJECTS: [
      { name: 'both', objects: ['p1', 'p2'].map((idShort) => ({ REFERABLE: `${literal}${idShort}` })) },
      { name: 'more', USEOBJECTS: ['both'] },
      { name: 'whole', objects: [{ IDENTIFIABLE: '$sm("urn:plate")' }] }
    ],
    DEFFORMULAS: [
      {
        name: 'at three',
        formula: {
          $and: [eq(global('UTCNOW'), { $timeVal: '15:00' }), eq(claim('mail'), str('anna@mill.example'))]
        }
      }
    ],
    rules: [{ USEACL: 'acl', USEOBJECTS: ['more', 'whole'], USEFORMULA: 'at three' }]
  })),
  10: [
    rules(
      rule({
        rights: ['EXECUTE'],
        formula: eq(stored('$sme("urn:operation").machineState#value'), str('not-running'))
      })
    )
  ],
  11: [
    rules(
      rule({
        rights: ['CREATE'],
        attributes: [{ CLAIM: 'Role' }],
        objects: [{ IDENTIFIABLE: '$sm("*")' }],
        formula: { $and: [eq(claim('Role'), str('legitimate')), eq(field('$sm#semanticId'), str(PLATE))] }
      })
    )
  ]
} as const satisfies Readonly<Record<number, readonly Json[]>>
