/** Is a submodel what its semanticId claims, and what becomes of it if it is not? Decided here for every door. */
import { createHash } from 'node:crypto'
import { HubError, type Violation } from '../../errors.ts'
import { validate } from '../../formats/json.ts'
import { canonicalId, semanticIdsOf } from '../../formats/templates/semantic-ids.ts'
import type { KnownTemplate, TemplateFinding, Templates } from '../../formats/templates/templates.ts'
import type { Documents, Submodel } from '../../model/types.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Document, Facet } from '../../store/store.ts'

/** `warn`: it is stored, and the reasons are kept (see ledger.ts); `enforce`: it is refused. */
export type TemplatePolicy = 'off' | 'warn' | 'enforce'

/** What a check of a stored submodel found, as the ledger keeps it. */
export interface ValidationResult {
  readonly submodelId: string
  /** `noTemplate`: there is nothing to hold it against, and it breaks no rule of the standard. */
  readonly result: 'valid' | 'invalid' | 'noTemplate'
  /** By name, with the `$id` of its schema. */
  readonly template?: string
  readonly schema?: string
  /** The version of the template; of a schema that names none, a digest of it. */
  readonly schemaVersion?: string
  readonly checkedAt: string
  /** That of the submodel that was checked. */
  readonly revision: number
  /** Digest of the schemas and policies by which it was checked. */
  readonly rules: string
  readonly violations: readonly TemplateFinding[]
  /** Rules of the standard that it breaks; it was taken leniently. */
  readonly metamodel: readonly Violation[]
}

/** Violations told of one submodel, of each kind. */
const MAX_REPORTED = 100

/** Submodels of which it is remembered whether a template is enforced on them. */
const CACHE_ENTRIES = 10_000

export class TemplateChecker {
  readonly known: Templates
  /** Digest of all schemas and policies: where it differs from the last start's, verdicts are out of date. */
  readonly rules: string
  /** Is any submodel checked at all? */
  readonly isActive: boolean
  /** May any submodel be refused? */
  readonly enforces: boolean
  readonly #standard: TemplatePolicy
  readonly #exceptions: ReadonlyMap<string, TemplatePolicy>
  readonly #enforced = new Map<string, boolean>()
  #forgotten = 0

  /** @param exceptions policies by semanticId, in any spelling of it */
  constructor(
    templates: Templates,
    standard: TemplatePolicy,
    exceptions: ReadonlyMap<string, TemplatePolicy> = new Map()
  ) {
    const policies = [standard, ...exceptions.values()]
    this.known = templates
    this.#standard = standard
    this.#exceptions = new Map([...exceptions].map(([id, policy]) => [canonicalId([id]), policy]))
    this.isActive = policies.some((policy) => policy !== 'off')
    this.enforces = policies.includes('enforce')
    this.rules = digest([standard, [...this.#exceptions].sort(), templates.all.map(({ normal }) => normal)])
  }

  /** By the first of its semantic ids for which there is an exception. */
  policyOf(submodel: Submodel): TemplatePolicy {
    if (this.#exceptions.size === 0) return this.#standard
    const { main, more } = semanticIdsOf(submodel)
    for (const id of main === undefined ? more : [main, ...more]) {
      const policy = this.#exceptions.get(canonicalId(id))
      if (policy !== undefined) return policy
    }
    return this.#standard
  }

  /** What a document is to be refused for; only submodels have templates. */
  refused(document: Documents[keyof Documents]): readonly TemplateFinding[] {
    if (!this.enforces || !isSubmodel(document) || this.policyOf(document) !== 'enforce') return []
    return this.known.check(document)
  }

  /** @throws HubError `Invalid` with everything that an enforced template asks for and does not find */
  enforce(document: Documents[keyof Documents]): void {
    const findings = this.refused(document)
    if (findings.length > 0) throw new HubError('Invalid', [findings.length], findings)
  }

  /**
   * Is a template enforced on this stored submodel? Asked with every value that is written, so it is remembered.
   * Whoever changes the structure of a submodel says so by `forget`.
   */
  async isEnforced(store: DocumentStore, id: string): Promise<boolean> {
    if (!this.enforces) return false
    const known = this.#enforced.get(id)
    if (known !== undefined) return known
    const forgotten = this.#forgotten
    const document = await store.document('Submodel', id)
    if (document === undefined) return false
    const submodel = JSON.parse(document.bytes.toString()) as Submodel
    const enforced = this.policyOf(submodel) === 'enforce' && this.known.applicable(submodel).length > 0
    if (this.#enforced.size >= CACHE_ENTRIES) this.#enforced.clear()
    // What was read may be of before a change that came meanwhile.
    if (forgotten === this.#forgotten) this.#enforced.set(id, enforced)
    return enforced
  }

  forget(id: string): void {
    this.#forgotten++
    this.#enforced.delete(id)
  }

  /** Checks a stored submodel, whatever the policy says of writing it; a template that is `off` is none. */
  entryOf(document: Document): ValidationResult {
    const submodel = JSON.parse(document.bytes.toString()) as Submodel
    const metamodel = validate('Submodel', submodel, { limit: MAX_REPORTED })
    const { template, findings } =
      this.policyOf(submodel) === 'off'
        ? { template: undefined, findings: [] }
        : this.known.evaluate(submodel, { limit: MAX_REPORTED })
    const isInvalid = findings.length > 0 || metamodel.length > 0
    return {
      submodelId: document.id,
      result: isInvalid ? 'invalid' : template === undefined ? 'noTemplate' : 'valid',
      ...(template !== undefined && {
        template: template.name,
        schema: template.id,
        schemaVersion: template.version ?? digest(template.normal)
      }),
      checkedAt: new Date().toISOString(),
      revision: document.revision,
      rules: this.rules,
      violations: findings,
      metamodel
    }
  }

  /** By which the ledger is filtered: the result; the template by its name, with and without version, its schema and its semantic ids. */
  facetsOf({ result, schema }: ValidationResult): Facet[] {
    const template = this.known.all.find(({ id }) => id === schema)
    const names = new Set(template === undefined ? [] : namesOf(template))
    return [['result', result], ...[...names].map((name): Facet => ['template', name])]
  }
}

function isSubmodel(document: Documents[keyof Documents]): document is Submodel {
  return (document as Partial<Submodel>).modelType === 'Submodel'
}

function namesOf({ name, version, id, semanticIds }: KnownTemplate): string[] {
  const full = version === undefined ? [] : [`${name} ${version}`]
  return [name, ...full, id, ...semanticIds.flatMap((semanticId) => (semanticId.length === 1 ? semanticId : []))]
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
