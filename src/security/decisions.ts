/** Decisions that were taken, and what they take to be carried out: computed once for the same question. */
import type { Condition } from '../model/condition/condition.ts'
import { type Prefilter, plan } from '../model/condition/plan.ts'
import { formatPath } from '../model/path.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { AccessVerdict, SubjectPolicy } from './policy.ts'
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

export class Decisions {
  readonly #known = new BoundedCache<Decision>(CACHE_SIZE)

  /** @param request whose path is computed only if a rule names one */
  of(policy: SubjectPolicy, right: Right, target: RuledTarget, request: RequestOfTarget, moment: Moment): Decision {
    const key = keyOf(policy, right, target, request, moment)
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
}

function keyOf(
  policy: SubjectPolicy,
  right: Right,
  { kind, id, path }: RuledTarget,
  request: RequestOfTarget,
  moment: Moment
): string {
  // A decision on READ may come with one on VIEW.
  const route = policy.dependsOnRoute(right === 'READ' ? 'VIEW' : right) ? (request.routes[0] ?? '') : ''
  const when = policy.isMomentary ? momentKey(policy, moment) : ''
  const where = id === undefined ? '' : `${JSON.stringify(id)}${path === undefined ? '' : formatPath(path)}`
  return `${policy.number} ${right} ${kind} ${where} ${route} ${when}`
}

/** Clocks count in seconds. */
function momentKey({ references }: SubjectPolicy, { now, readReference }: Moment): string {
  const texts = references.map((reference) => readReference?.(reference))
  return `${Math.floor(now.getTime() / 1000)} ${JSON.stringify(texts)}`
}
