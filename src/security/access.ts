/** What one caller may do: by the rules in force at the moment of each question, with the data that is stored then. */
import type { Clock } from '../clock.ts'
import type { ValueReference } from '../model/condition/condition.ts'
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { resolve } from '../model/walk.ts'
import { unlessDamaged } from '../store/damage.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { RequestAudit } from './audit-trail.ts'
import type { Caller } from './caller.ts'
import { ANY_MOMENT, type Decision, Decisions } from './decisions.ts'
import { DeletedDocuments } from './deleted-documents.ts'
import { HiddenDocuments } from './hidden-documents.ts'
import { type MaybePromise, whenReady } from './maybe-promise.ts'
import { PackageContents } from './package-contents.ts'
import type { AccessVerdict, Policy, SubjectPolicy } from './policy.ts'
import type { Right } from './rights.ts'
import type { DocumentKind } from './rule.ts'
import { ShownDocuments } from './shown-documents.ts'
import type { Moment } from './substitute.ts'
import type { AccessTarget } from './target.ts'
import { readReferences } from './value-references.ts'
import type { DocumentView } from './view.ts'

/** The access rules in force, replaced while the hub runs, and what was derived from them. */
export class RulesInForce {
  policy: Policy
  /** Changes with the rules. */
  version = 0
  readonly decisions = new Decisions()
  readonly shown = new ShownDocuments()
  readonly deleted = new DeletedDocuments()
  readonly hidden = new HiddenDocuments()
  readonly packages = new PackageContents()

  constructor(policy: Policy) {
    this.policy = policy
  }

  replace(policy: Policy): void {
    this.policy = policy
    this.version++
  }
}

export interface AccessParts {
  /** Read with the rights of the hub. */
  readonly store: DocumentStore
  readonly rules: RulesInForce
  readonly clock: Clock
}

/** A target without the path of the request. */
export type DocumentTarget = Omit<AccessTarget, 'routes'>

/**
 * Answers are promises only where a rule refers to a value that is stored elsewhere, or the target has to be read: most
 * requests are decided without waiting.
 */
export class Access {
  readonly caller: Caller
  /** Shared by all callers. */
  readonly rules: RulesInForce
  /** Absent: nothing is recorded. */
  readonly audit: RequestAudit | undefined
  readonly #parts: AccessParts
  #routes: readonly string[] | (() => readonly string[])

  /** @param routes the path of the request, in the spellings of `requestPaths`; a function is called if a rule names one */
  constructor(
    parts: AccessParts,
    caller: Caller,
    routes: readonly string[] | (() => readonly string[]),
    audit?: RequestAudit
  ) {
    this.#parts = parts
    this.rules = parts.rules
    this.caller = caller
    this.audit = audit
    this.#routes = routes
  }

  /** The path of the request, in the spellings of `requestPaths`. */
  get routes(): readonly string[] {
    if (typeof this.#routes === 'function') this.#routes = this.#routes()
    return this.#routes
  }

  /** For the same request, as it were from another caller: one that has renewed its token. */
  as(caller: Caller): Access {
    return new Access(this.#parts, caller, this.#routes, this.audit?.as(caller))
  }

  /** The same caller on another path. @param routes in the spellings of `requestPaths` */
  at(routes: readonly string[]): Access {
    return new Access(this.#parts, this.caller, routes, this.audit)
  }

  /** The same for callers that the rules in force do not distinguish, on the same route. */
  get key(): string {
    return JSON.stringify([this.routes, this.#parts.rules.policy.keyOf(this.caller.subject)])
  }

  /** Changes when the rules are replaced. */
  get rulesVersion(): number {
    return this.#parts.rules.version
  }

  /** Do verdicts on submodels stay as they are while no more than values, the time and other documents change? */
  isStructural(right: Right): boolean {
    return this.#policy.isStructural(right)
  }

  /** Values of other documents that verdicts depend on. */
  get references(): readonly ValueReference[] {
    return this.#policy.references
  }

  /** The verdict where it is the same for every target, now and later; undefined where it depends on the target. */
  constantVerdict(right: Right): 'allowed' | 'refused' | undefined {
    return this.#policy.constantVerdict(right)
  }

  /**
   * The verdict on every document of a kind, or on the request itself without a kind: `allowed` and `refused` hold for
   * all of them and for all that is in them; of `conditional` each document and element decides.
   */
  ofKind(right: Right, kind: DocumentKind | undefined): MaybePromise<AccessVerdict['is']> {
    const policy = this.#policy
    const constant = policy.constantVerdict(right)
    if (constant !== undefined) return constant
    if (kind === undefined) return whenReady(this.verdict(right, {}), ({ is }) => is)
    const lasting = this.rules.decisions.ofKind(policy, right, kind, this)
    return lasting ?? whenReady(this.decide(right, kind), ({ ofKind }) => ofKind)
  }

  /** @param target what is acted on */
  verdict(right: Right, target: DocumentTarget): MaybePromise<AccessVerdict> {
    const { kind } = target
    if (kind === undefined) {
      const policy = this.#policy
      return whenReady(this.#moment(policy), (moment) =>
        policy.decide(right, { ...target, routes: this.routes }, moment)
      )
    }
    return whenReady(this.#decide(right, { ...target, kind }), ({ verdict }) => verdict)
  }

  /** The decision on one document, or on any of the kind without an id. */
  decide(right: Right, kind: DocumentKind, id?: string): MaybePromise<Decision> {
    return this.#decide(right, id === undefined ? { kind } : { kind, id })
  }

  /** What the caller may access of documents: of one, or of any without an id. */
  view(right: Right, kind: DocumentKind, id?: string): MaybePromise<DocumentView> {
    return whenReady(this.decide(right, kind, id), ({ view }) => view)
  }

  /** May anything of a stored document be accessed? False if it is not stored. */
  async document(right: Right, kind: DocumentKind, id: string): Promise<boolean> {
    const document = await this.#read(kind, id)
    return document !== undefined && (await this.view(right, kind, id)).visible(document) !== undefined
  }

  /** May a stored element be accessed? False if it does not exist. */
  async element(right: Right, submodel: string, path: string): Promise<boolean> {
    const document = (await this.#read('Submodel', submodel)) as Submodel | undefined
    const steps = parseStoredPath(path)
    if (document === undefined || steps === undefined || resolve(document, steps) === undefined) return false
    return (await this.view(right, 'Submodel', submodel)).visibleElement(document, steps) !== undefined
  }

  get #policy(): SubjectPolicy {
    return this.#parts.rules.policy.forSubject(this.caller.subject)
  }

  #decide(right: Right, target: DocumentTarget & { readonly kind: DocumentKind }): MaybePromise<Decision> {
    const policy = this.#policy
    return whenReady(this.#moment(policy), (moment) => this.rules.decisions.of(policy, right, target, this, moment))
  }

  #moment({ references, isMomentary }: SubjectPolicy): MaybePromise<Moment> {
    if (!isMomentary) return ANY_MOMENT
    const now = new Date(this.#parts.clock.milliseconds())
    if (references.length === 0) return { now }
    return readReferences(this.#parts.store, references).then((texts) => ({
      now,
      readReference: ({ text }) => texts.get(text)
    }))
  }

  async #read(kind: DocumentKind, id: string): Promise<object | undefined> {
    const stored = await unlessDamaged(this.#parts.store.document(kind, id))
    return stored && (JSON.parse(stored.bytes.toString()) as object)
  }
}
