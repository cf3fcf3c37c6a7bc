/**
 * Decides by access rules (Part 4): everything is refused unless a rule allows it, and one rule is enough. Pure: what is
 * decided depends on the rules, the subject, the target and the moment only.
 */
import { kindOfFragment } from '../formats/fragment.ts'
import type { Condition, FieldIdentifier, GlobalAttribute, ValueReference } from '../model/condition/condition.ts'
import { TRUE } from '../model/condition/resolve.ts'
import { type Simplified, simplify } from '../model/condition/simplify.ts'
import { subjects } from '../model/condition/subject.ts'
import type { Step } from '../model/path.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { Right } from './rights.ts'
import type { AccessFilter, AccessObject, AccessRule, DocumentKind } from './rule.ts'
import { type AccessSubject, subjectKey } from './subject.ts'
import { isAvailable, type Moment, substitute } from './substitute.ts'
import { type AccessTarget, type Coverage, coverageOf, isAtOrBelow } from './target.ts'

/** What one rule grants. */
export interface Grant {
  readonly rule: AccessRule
  /** Over the target's document; true where the rule does not depend on it. */
  readonly condition: Condition
  /** Only the element at this path and what is below it; empty: all elements; undefined: the document. */
  readonly path?: readonly Step[]
  /** Attributes are replaced. A condition that never holds hides the fragment. */
  readonly filters: readonly AccessFilter[]
}

export interface AccessVerdict {
  /** `conditional`: the document decides, or some of it is hidden. */
  readonly is: 'allowed' | 'refused' | 'conditional'
  /** Documents that meet it may be accessed; in the form that compile and plan of model/condition take. */
  readonly condition: Condition
  /** Also of rules that grant only elements below the target; those alone do not allow the target itself. */
  readonly grants: readonly Grant[]
}

/** Subjects whose policies are kept. */
const CACHED_SUBJECTS = 1000

/** The access rules in force. */
export class Policy {
  readonly rules: readonly AccessRule[]
  readonly #claims: ReadonlySet<string>
  /** By what distinguishes subjects. */
  readonly #subjects = new BoundedCache<SubjectPolicy>(CACHED_SUBJECTS)
  /** The same by the subject itself, as computing what distinguishes it takes longer than a decision. */
  readonly #known = new WeakMap<AccessSubject, SubjectPolicy>()

  constructor(rules: readonly AccessRule[]) {
    this.rules = rules
    this.#claims = new Set(rules.flatMap(claimsOf))
  }

  /**
   * The same for subjects that no rule distinguishes: claims that no rule names, as the times and the id of a token, do
   * not count.
   */
  keyOf({ claims }: AccessSubject): string {
    if (claims === undefined) return subjectKey({})
    return subjectKey({ claims: Object.fromEntries(Object.entries(claims).filter(([name]) => this.#claims.has(name))) })
  }

  /** The part of the policy that concerns a subject. Subjects with the same key share it. */
  forSubject(subject: AccessSubject): SubjectPolicy {
    const known = this.#known.get(subject)
    if (known !== undefined) return known
    const key = this.keyOf(subject)
    const policy = this.#subjects.get(key) ?? this.#add(key, subject)
    this.#known.set(subject, policy)
    return policy
  }

  #add(key: string, subject: AccessSubject): SubjectPolicy {
    const policy = new SubjectPolicy(this.rules, subject)
    this.#subjects.set(key, policy, 1)
    return policy
  }
}

let policies = 0

/** The rules that may grant something to one subject, with its claims filled in. */
export class SubjectPolicy {
  /** Distinguishes it from every other one in this process. */
  readonly number = ++policies
  /** Values of other documents that decisions for this subject depend on, each once. */
  readonly references: readonly ValueReference[]
  /** Do decisions depend on the moment, by a reference or a clock? */
  readonly isMomentary: boolean
  readonly #subject: AccessSubject
  readonly #rules: readonly SubjectRule[]
  readonly #byRight = new Map<Right, RulesOfRight>()

  constructor(rules: readonly AccessRule[], subject: AccessSubject) {
    this.#subject = subject
    this.#rules = rules
      .flatMap((rule) => (mayApply(rule, subject) ? [new SubjectRule(rule, subject)] : []))
      .filter((one) => !one.isFalse)
    const references = this.#rules.flatMap(({ rule }) => referencesOf(rule))
    this.references = [...new Map(references.map((reference) => [reference.text, reference])).values()]
    this.isMomentary = this.#rules.some((one) => one.isMomentary)
  }

  /** The verdict where it is the same for every target; undefined where it depends on the target. */
  constantVerdict(right: Right): 'allowed' | 'refused' | undefined {
    return this.#rulesFor(right).constant
  }

  /** Do verdicts on submodels stay as they are while no more than values, the time and other documents change? */
  isStructural(right: Right): boolean {
    return this.#rulesFor(right).areStructural
  }

  /** Do decisions about a right depend on the path of the request? */
  dependsOnRoute(right: Right): boolean {
    return this.#rulesFor(right).areRouted
  }

  #rulesFor(right: Right): RulesOfRight {
    const known = this.#byRight.get(right)
    if (known !== undefined) return known
    const rules = rulesOfRight(this.#rules.filter(({ rule }) => grantsRight(rule, right)))
    this.#byRight.set(right, rules)
    return rules
  }

  decide(right: Right, target: AccessTarget, moment: Moment): AccessVerdict {
    const { all, general, byId } = this.#rulesFor(right)
    const candidates = target.id === undefined ? all : [...general, ...(byId.get(target.id) ?? [])]
    const grants = candidates.flatMap((one) => one.grants(target, moment, this.#subject))
    const covering = grants.filter((grant) => covers(grant, target))
    if (covering.some(isUnconditional)) return { is: 'allowed', condition: ALWAYS, grants }
    if (covering.length === 0) return { is: 'refused', condition: NEVER, grants }
    return { is: 'conditional', condition: anyOf(covering.map(({ condition }) => condition)), grants }
  }
}

/** The rules that grant a right. Those whose objects all name documents are found by the id of the target. */
interface RulesOfRight {
  readonly all: readonly SubjectRule[]
  readonly general: readonly SubjectRule[]
  readonly byId: ReadonlyMap<string, readonly SubjectRule[]>
  /** Does one of them name a route other than `*`? */
  readonly areRouted: boolean
  readonly areStructural: boolean
  /** The verdict where it is the same for every target. */
  readonly constant: 'allowed' | 'refused' | undefined
}

function rulesOfRight(all: readonly SubjectRule[]): RulesOfRight {
  const general: SubjectRule[] = []
  const byId = new Map<string, SubjectRule[]>()
  for (const one of all) {
    const ids = idsOf(one.rule)
    if (ids === undefined) general.push(one)
    for (const id of ids ?? []) {
      const others = byId.get(id)
      if (others === undefined) byId.set(id, [one])
      else others.push(one)
    }
  }
  const areRouted = general.some(({ rule }) => rule.objects.some(isRouted))
  const areStructural = all.every((one) => one.isStructural)
  const isAllowed = all.some((one) => one.isUnconditional)
  const constant = all.length === 0 ? 'refused' : isAllowed ? 'allowed' : undefined
  return { all, general, byId, areRouted, areStructural, constant }
}

/** Undefined if an object covers more than the documents that it names. */
function idsOf({ objects }: AccessRule): ReadonlySet<string> | undefined {
  const ids = objects.map((object) => ('id' in object ? object.id : undefined))
  return ids.includes(undefined) ? undefined : new Set(ids as string[])
}

function isRouted(object: AccessObject): boolean {
  return object.is === 'route' && object.text !== '*'
}

/** READ implies VIEW. */
export function grantsRight({ rights }: AccessRule, right: Right): boolean {
  return rights.has(right) || (right === 'VIEW' && rights.has('READ'))
}

/** Does the grant cover the whole target, not only elements below it? */
export function covers({ path }: Grant, target: AccessTarget): boolean {
  if (path === undefined) return true
  return target.path !== undefined && target.path.length > 0 && isAtOrBelow(target.path, path)
}

/** Without ANONYMOUS a rule is for authenticated callers, also if it names no claim. */
export function mayApply(rule: AccessRule, subject: AccessSubject): boolean {
  const { enabled, attributes } = rule
  const isOpen = attributes.some((one) => one.is === 'global' && one.name === 'ANONYMOUS')
  if (!enabled || (subject.claims === undefined && !isOpen)) return false
  return attributes.every((attribute) => isAvailable(attribute, subject, undefined) !== false)
}

export function referencesOf({ formula, attributes, filters }: AccessRule): ValueReference[] {
  return [...nodesIn([attributes, formula, filters])].flatMap((node) =>
    node.is === 'reference' && node.reference !== undefined ? [node.reference as ValueReference] : []
  )
}

/** The names of the claims that a rule speaks of. */
function claimsOf({ formula, attributes, filters }: AccessRule): string[] {
  return [...nodesIn([attributes, formula, filters])].flatMap(({ is, name }) =>
    is === 'claim' || (is === 'global' && name === CLIENT_TIME) ? [String(name)] : []
  )
}

/** The client's time is a claim. */
const CLIENT_TIME = 'CLIENTNOW' satisfies GlobalAttribute

/** A node of conditions and attributes, as far as it is looked at. */
interface SyntaxNode {
  readonly is?: unknown
  readonly name?: unknown
  readonly reference?: unknown
  readonly field?: unknown
}

/** Every object within conditions and attributes. */
export function* nodesIn(node: unknown): Generator<SyntaxNode> {
  if (typeof node !== 'object' || node === null) return
  yield node
  for (const value of Object.values(node)) yield* nodesIn(value)
}

/** Fields of elements that writes of values change. */
export const VALUE_ATTRIBUTES: ReadonlySet<string> = new Set(['value', 'language'])

function readsValues(condition: Condition): boolean {
  return nodesIn(condition).some(({ is, field }) => {
    const { root, attribute } = (field ?? {}) as Partial<FieldIdentifier>
    return is === 'field' && root === '$sme' && VALUE_ATTRIBUTES.has(attribute ?? '')
  })
}

const ALWAYS: Condition = { is: 'constant', value: true }
const NEVER: Condition = { is: 'constant', value: false }

const kinds = Object.keys(subjects) as DocumentKind[]

class SubjectRule {
  readonly rule: AccessRule
  readonly #formula: Condition
  readonly #filters: readonly AccessFilter[]
  /** Attributes are left that only a moment can replace. */
  readonly isMomentary: boolean
  readonly #simplified = new Map<DocumentKind | undefined, Simplified>()

  constructor(rule: AccessRule, subject: AccessSubject) {
    this.rule = rule
    this.#formula = substitute(rule.formula, subject, undefined)
    this.#filters = rule.filters.map((filter) => ({
      ...filter,
      condition: substitute(filter.condition, subject, undefined)
    }))
    this.isMomentary = [rule.attributes, this.#formula, this.#filters].some(isMomentary)
  }

  /** The claims alone make it grant nothing. */
  get isFalse(): boolean {
    if (this.isMomentary) return false
    return [undefined, ...kinds].every((kind) => {
      const simplified = this.#simplify(kind, this.#formula)
      return simplified.is === 'settled' && simplified.verdict !== TRUE
    })
  }

  /** Every target, always, and all of it. */
  get isUnconditional(): boolean {
    if (this.isMomentary || this.rule.filters.length > 0) return false
    const everywhere = this.rule.objects.some((object) => object.is === 'route' && object.text === '*')
    const simplified = this.#simplify(undefined, this.#formula)
    return everywhere && simplified.is === 'settled' && simplified.verdict === TRUE
  }

  /** Neither the time nor values count, of which there may be some in what a filter hides of an element. */
  get isStructural(): boolean {
    if (this.isMomentary || readsValues(this.#formula)) return false
    return this.#filters.every(
      ({ fragment: { root, steps }, condition }) => !(root === '$sme' && steps.length > 0) && !readsValues(condition)
    )
  }

  grants(target: AccessTarget, moment: Moment, subject: AccessSubject): Grant[] {
    const covered = this.rule.objects.flatMap((object) => coverageOf(object, target) ?? [])
    if (covered.length === 0) return []
    if (!this.rule.attributes.every((one) => isAvailable(one, subject, moment))) return []
    const formula = this.isMomentary ? substitute(this.#formula, subject, moment) : this.#formula
    const simplified = this.#simplify(target.kind, formula)
    if (simplified.is === 'settled' && simplified.verdict !== TRUE) return []
    const condition = simplified.is === 'open' ? simplified.condition : ALWAYS
    const filters = target.kind === undefined ? [] : this.#filtersFor(target.kind, moment, subject)
    return byPath(covered).map(({ path, ids }) => ({
      rule: this.rule,
      condition: ids === undefined || target.kind === undefined ? condition : withIds(target.kind, ids, condition),
      filters,
      ...(path && { path })
    }))
  }

  #filtersFor(kind: DocumentKind, moment: Moment, subject: AccessSubject): AccessFilter[] {
    return this.#filters.flatMap(({ fragment, condition }) => {
      if (kindOfFragment(fragment) !== kind) return []
      const substituted = this.isMomentary ? substitute(condition, subject, moment) : condition
      const simplified = simplify(substituted, kind)
      if (simplified.is === 'open') return [{ fragment, condition: simplified.condition }]
      return simplified.verdict === TRUE ? [] : [{ fragment, condition: NEVER }]
    })
  }

  #simplify(kind: DocumentKind | undefined, formula: Condition): Simplified {
    if (this.isMomentary) return simplify(formula, kind)
    const known = this.#simplified.get(kind) ?? simplify(formula, kind)
    this.#simplified.set(kind, known)
    return known
  }
}

/** Is there an attribute in it that depends on the moment? */
function isMomentary(node: unknown): boolean {
  return nodesIn(node).some(({ is, name }) => is === 'reference' || (is === 'global' && name !== 'ANONYMOUS'))
}

/** One entry for each path; without ids where one coverage is for any document. */
function byPath(covered: readonly Coverage[]): { path?: readonly Step[]; ids?: readonly string[] }[] {
  const groups = Map.groupBy(covered, ({ path }) => JSON.stringify(path))
  return [...groups.values()].map((group) => {
    const path = group[0]?.path
    const ids = group.flatMap(({ id }) => id ?? [])
    return { ...(path && { path }), ...(ids.length === group.length && { ids }) }
  })
}

function withIds(kind: DocumentKind, ids: readonly string[], condition: Condition): Condition {
  const { root } = subjects[kind]
  const named = ids.map(
    (id): Condition => ({
      is: 'comparison',
      operator: '$eq',
      left: { is: 'field', field: { root, path: [], attribute: 'id', steps: ['id'] } },
      right: { is: 'literal', value: { type: 'str', value: id } }
    })
  )
  const [only, ...more] = named
  const ofIds: Condition = only !== undefined && more.length === 0 ? only : { is: 'or', of: named }
  return condition === ALWAYS ? ofIds : { is: 'and', of: [ofIds, condition] }
}

function anyOf(conditions: readonly Condition[]): Condition {
  return conditions.includes(ALWAYS) ? ALWAYS : { is: 'some', of: conditions }
}

function isUnconditional({ condition, filters }: Grant): boolean {
  return condition === ALWAYS && filters.length === 0
}
