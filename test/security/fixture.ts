/** Short forms for access rules in tests. */
import { type AccessVerdict, Policy } from '../../src/security/policy.ts'
import type { Right } from '../../src/security/rights.ts'
import type { DocumentKind } from '../../src/security/rule.ts'
import { parseAccessRules } from '../../src/security/rule-parser.ts'
import type { AccessSubject } from '../../src/security/subject.ts'
import type { Moment } from '../../src/security/substitute.ts'
import type { AccessTarget } from '../../src/security/target.ts'
import { DocumentView } from '../../src/security/view.ts'

export type Json = Readonly<Record<string, unknown>>

export const noon: Moment = { now: new Date('2026-03-04T12:00:00Z') }
export const anonymous: AccessSubject = {}
export const everyone = [{ GLOBAL: 'ANONYMOUS' }]
export const always = { $boolean: true }

export const claim = (CLAIM: string): Json => ({ $attribute: { CLAIM } })
export const global = (GLOBAL: string): Json => ({ $attribute: { GLOBAL } })
export const stored = (REFERENCE: string): Json => ({ $attribute: { REFERENCE } })
export const field = ($field: string): Json => ({ $field })
export const str = ($strVal: string): Json => ({ $strVal })
export const eq = (one: Json, other: Json): Json => ({ $eq: [one, other] })
export const subject = (claims: Json): AccessSubject => ({ claims })

export interface RuleParts {
  readonly rights?: readonly string[]
  readonly attributes?: readonly Json[]
  readonly objects?: readonly Json[]
  readonly formula?: Json
  readonly more?: Json
}

export function rule({ rights = ['READ'], attributes = everyone, objects, formula = always, more }: RuleParts): Json {
  return {
    ACL: { ATTRIBUTES: attributes, RIGHTS: rights, ACCESS: 'ALLOW' },
    OBJECTS: objects ?? [{ ROUTE: '*' }],
    FORMULA: formula,
    ...more
  }
}

export function policyOf(...rules: readonly Json[]): Policy {
  return policyOfModel({ rules })
}

export function policyOfModel(model: unknown): Policy {
  return new Policy(parseAccessRules(model, 'test').rules)
}

export function document(kind: DocumentKind, id?: string): AccessTarget {
  return { routes: ['/anything'], kind, ...(id !== undefined && { id }) }
}

export function decide(
  policy: Policy,
  who: AccessSubject,
  right: Right,
  target: AccessTarget,
  moment: Moment = noon
): AccessVerdict {
  return policy.forSubject(who).decide(right, target, moment)
}

/** Is the document granted, by the verdict and what depends on data? */
export function isGranted(
  policy: Policy,
  who: AccessSubject,
  right: Right,
  kind: DocumentKind,
  instance: object,
  moment: Moment = noon
): boolean {
  const target = document(kind, (instance as { id: string }).id)
  const verdict = decide(policy, who, right, target, moment)
  return verdict.is !== 'refused' && new DocumentView(verdict, kind).allows(instance)
}

/** What is visible of a document. */
export function view(
  policy: Policy,
  who: AccessSubject,
  kind: DocumentKind,
  instance: object,
  moment: Moment = noon
): object | undefined {
  const target = document(kind, (instance as { id: string }).id)
  return new DocumentView(decide(policy, who, 'READ', target, moment), kind).visible(instance)
}

function semantics(value: string): Json {
  return { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value }] }
}

export function submodel(id: string, semanticId?: string, submodelElements: readonly Json[] = []): Json {
  return {
    modelType: 'Submodel',
    id,
    ...(semanticId !== undefined && { semanticId: semantics(semanticId) }),
    ...(submodelElements.length > 0 && { submodelElements })
  }
}

export function property(idShort: string, value: string, semanticId?: string): Json {
  return {
    modelType: 'Property',
    idShort,
    valueType: 'xs:string',
    value,
    ...(semanticId !== undefined && { semanticId: semantics(semanticId) })
  }
}
