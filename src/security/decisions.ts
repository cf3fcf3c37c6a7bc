/** Decisions that were taken, and what they take to be carried out: computed once for the same question. */
import type { Condition, FieldIdentifier } from '../model/condition/condition.ts'
import { type Prefilter, plan } from '../model/condition/plan.ts'
import { formatPath } from '../model/path.ts'
import { BoundedCache } from './bounded-cache.ts'
import { type AccessVerdict, nodesIn, type SubjectPolicy } from './policy.ts'
import type { Right } from './rights.ts'
import type { DocumentKind } from './rule.ts'
import type { Moment } from './substitute.ts'
import type { AccessTarget } from './target.ts'
import { DocumentView } from './view.ts'

/** A verdict on documents of one kind, and what follows from it. */
export class Decision {
  readonly verdict: AccessVerdict
  readonly #kind: DocumentKind
  readonly #frames: (() => Decision) | undefined
  #view: DocumentView | undefined
  #readsElements: boolean | undefined
  #alternatives: readonly Prefilter[] | undefined

  /** @param frames the decision on what the caller may at least see exists */
  constructor(verdict: AccessVerdict, kind: DocumentKind, frames?: () => Decision) {
    this.verdict = verdict
    this.#kind = kind
    this.#frames = frames
  }

  /** Every document, and all that is in it. */
  get isAllowed(): boolean {
    return this.verdict.is === 'allowed'
  }

  /** Nothing of any document. */
  get isRefused(): boolean {
    return this.verdict.is === 'refused' && this.verdict.grants.length === 0
  }

  /** `conditional`: each document decides. */
  get ofKind(): AccessVerdict['is'] {
    return this.isAllowed ? 'allowed' : this.isRefused ? 'refused' : 'conditional'
  }

  /** Do single elements count, which may be generated, so that the structure does not tell of them? */
  get readsElements(): boolean {
    this.#readsElements ??= this.verdict.grants.some(
      ({ path, condition }) =>
        path !== undefined ||
        nodesIn(condition).some(({ field }) => (field as Partial<FieldIdentifier> | undefined)?.root === '$sme')
    )
    return this.#readsElements
  }

  get view(): DocumentView {
    this.#view ??= new DocumentView(this.verdict, this.#kind, this.#frames?.().view)
    return this.#view
  }

  /** What an index can find of the documents of which something is visible. */
  get alternatives(): readonly Prefilter[] {
    this.#alternatives ??= plan(this.#candidates, this.#kind, MAX_ALTERNATIVES)
    return this.#alternatives
  }

  get #candidates(): Condition {
    const shown = this.verdict.grants.filter(({ path }) => path === undefined || this.#frames !== undefined)
    return { is: 'some', of: shown.map(({ condition }) => condition) }
  }
}

/** Alternatives that a list is found by; rules often name one document each. */
const MAX_ALTERNATIVES = 1000

/** In grants: about 20 MB. */
const CACHE_SIZE = 100_000

type RuledTarget = Omit<AccessTarget, 'routes'> & { readonly kind: DocumentKind }
type RequestOfTarget = Pick<AccessTarget, 'routes'>

/** A right of one subject on one kind of document. */
interface Question {
  readonly key: string
  /** Decisions depend on the path of the request. */
  readonly isRouted: boolean
  /** Decisions depend on nothing but the document: neither on the path of the request nor on the moment. */
  readonly isLasting: boolean
  /** The answer for any document, if it was asked for and lasts. */
  ofKind: AccessVerdict['is'] | undefined
}

export class Decisions {
  readonly #known = new BoundedCache<Decision>(CACHE_SIZE)
  readonly #questions = new WeakMap<SubjectPolicy, Map<Right, Map<DocumentKind, Question>>>()

  /**
   * `Decision.ofKind` of a kind, where it lasts; undefined where it depends on the moment or the path of the request.
   * Nearly every request asks for it, so it is not looked for by a key.
   */
  ofKind(
    policy: SubjectPolicy,
    right: Right,
    kind: DocumentKind,
    request: RequestOfTarget
  ): AccessVerdict['is'] | undefined {
    const question = this.#questionOf(policy, right, kind)
    if (!question.isLasting) return undefined
    question.ofKind ??= this.of(policy, right, { kind }, request, ANY_MOMENT).ofKind
    return question.ofKind
  }

  /** @param request whose path is computed only if a rule names one */
  of(policy: SubjectPolicy, right: Right, target: RuledTarget, request: RequestOfTarget, moment: Moment): Decision {
    const question = this.#questionOf(policy, right, target.kind)
    const key =
      question.isLasting && target.path === undefined
        ? lastingKeyOf(question, target)
        : keyOf(question, policy, target, request, moment)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const verdict = policy.decide(right, { ...target, routes: request.routes }, moment)
    const hasFrames = right === 'READ' && verdict.grants.some(({ path }) => path !== undefined)
    const decision = new Decision(
      verdict,
      target.kind,
      hasFrames ? () => this.of(policy, 'VIEW', target, request, moment) : undefined
    )
    this.#known.set(key, decision, 1 + verdict.grants.length)
    return decision
  }

  #questionOf(policy: SubjectPolicy, right: Right, kind: DocumentKind): Question {
    const ofPolicy = this.#questions.get(policy) ?? new Map<Right, Map<DocumentKind, Question>>()
    const ofRight = ofPolicy.get(right) ?? new Map<DocumentKind, Question>()
    const known = ofRight.get(kind)
    if (known !== undefined) return known
    // One on READ may come with one on VIEW.
    const isRouted = policy.dependsOnRoute(right === 'READ' ? 'VIEW' : right)
    const isLasting = !policy.isMomentary && (!isRouted || isReadOfAll(policy, right, kind))
    const question: Question = { key: `${policy.number} ${right} ${kind}`, isRouted, isLasting, ofKind: undefined }
    this.#questions.set(policy, ofPolicy.set(right, ofRight.set(kind, question)))
    return question
  }
}

/** For rules that do not depend on it. */
export const ANY_MOMENT: Moment = { now: new Date(0) }

/**
 * May all be read whatever the path is, as most roles may? Then it adds no more than names of rules, which are not asked
 * for where nothing is written.
 */
function isReadOfAll(policy: SubjectPolicy, right: Right, kind: DocumentKind): boolean {
  return (
    (right === 'READ' || right === 'VIEW') && policy.decide(right, { kind, routes: [] }, ANY_MOMENT).is === 'allowed'
  )
}

/** Of few parts, as it takes longer to put a text together than to find something by it. */
function lastingKeyOf({ key }: Question, { id }: RuledTarget): string {
  return id === undefined ? key : `${key}=${id}`
}

function keyOf(
  { key, isRouted }: Question,
  policy: SubjectPolicy,
  { id, path }: RuledTarget,
  request: RequestOfTarget,
  moment: Moment
): string {
  const route = isRouted ? (request.routes[0] ?? '') : ''
  const when = policy.isMomentary ? momentKey(policy, moment) : ''
  const where = id === undefined ? '' : `${JSON.stringify(id)}${path === undefined ? '' : formatPath(path)}`
  return `${key} ${where} ${route} ${when}`
}

/** Clocks count in seconds. */
function momentKey({ references }: SubjectPolicy, { now, readReference }: Moment): string {
  const texts = references.map((reference) => readReference?.(reference))
  return `${Math.floor(now.getTime() / 1000)} ${JSON.stringify(texts)}`
}
