/** Validates submodels against the templates that their semanticIds name, and decides by policy whether to refuse them. */
import { createHash } from 'node:crypto'
import { HubError, type Violation } from '../../errors.ts'
import { validate } from '../../formats/json.ts'
import { canonicalId, semanticIdsOf } from '../../formats/templates/semantic-ids.ts'
import type { KnownTemplate, TemplateFinding, Templates } from '../../formats/templates/templates.ts'
import type { Documents, Submodel } from '../../model/types.ts'
import type { DocumentStore } from '../../store/document-store.ts'
import type { Document, Facet } from '../../store/store.ts'
import type { InterfaceProblem } from '../asset-interfaces/asset-interface.ts'
import { findingOf } from './description-findings.ts'

/** `warn`: an invalid submodel is stored, and its violations are recorded; `enforce`: it is refused. */
export type TemplatePolicy = 'off' | 'warn' | 'enforce'

/** The result of validating a stored submodel, as stored. */
export interface ValidationResult {
  readonly submodelId: string
  /** `noTemplate`: no template applies, and no rule of the standard is violated. */
  readonly result: 'valid' | 'invalid' | 'noTemplate'
  /** Name of the template; `schema` is the `$id` of its schema. */
  readonly template?: string
  readonly schema?: string
  /** Version of the template; a digest of the schema if it has none. */
  readonly schemaVersion?: string
  readonly checkedAt: string
  /** Revision of the submodel that was checked. */
  readonly revision: number
  /** Digest of the schemas and policies used. */
  readonly rules: string
  readonly violations: readonly TemplateFinding[]
  /** Violations of the standard, of a submodel stored leniently. */
  readonly metamodel: readonly Violation[]
}

/** Violations reported of one submodel, of each kind. */
const MAX_REPORTED = 100

/** Submodels in the cache of `isEnforced`. */
const CACHE_ENTRIES = 10_000

export class TemplateChecker {
  readonly known: Templates
  /** Digest of all schemas and policies; stored results with another one are out of date. */
  readonly rules: string
  /** Whether any submodel is checked. */
  readonly isActive: boolean
  /** Whether any submodel may be refused. */
  readonly enforces: boolean
  /** What is wrong in a description of machines that its content alone does not show; set by those who read it. */
  problemsOf: (submodel: string) => readonly InterfaceProblem[] = () => []
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
    this.rules = digest([standard, [...this.#exceptions].sort(), templates.digest])
  }

  /** The policy of the first semanticId with an exception, else the default. */
  policyOf(submodel: Submodel): TemplatePolicy {
    if (this.#exceptions.size === 0) return this.#standard
    const { main, more } = semanticIdsOf(submodel)
    for (const id of main === undefined ? more : [main, ...more]) {
      const policy = this.#exceptions.get(canonicalId(id))
      if (policy !== undefined) return policy
    }
    return this.#standard
  }

  /** Findings for which a document is refused; only submodels have templates. */
  refused(document: Documents[keyof Documents]): readonly TemplateFinding[] {
    if (!this.enforces || !isSubmodel(document) || this.policyOf(document) !== 'enforce') return []
    return this.known.check(document)
  }

  /** @throws HubError `Invalid` with all violations of an enforced template */
  enforce(document: Documents[keyof Documents]): void {
    const findings = this.refused(document)
    if (findings.length > 0) throw new HubError('Invalid', [findings.length], findings)
  }

  /**
   * Whether a template is enforced on a stored submodel; cached, as it is called on every value write. Call `forget` after
   * changing a submodel's structure.
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
    // Not cached if a submodel was changed while this one was read.
    if (forgotten === this.#forgotten) this.#enforced.set(id, enforced)
    return enforced
  }

  forget(id: string): void {
    this.#forgotten++
    this.#enforced.delete(id)
  }

  /** Validates a stored submodel; policy `off` means no template. @param checkedAt milliseconds since 1970 */
  entryOf(document: Document, checkedAt: number): ValidationResult {
    const submodel = JSON.parse(document.bytes.toString()) as Submodel
    const metamodel = validate('Submodel', submodel, { limit: MAX_REPORTED })
    const { template, findings } =
      this.policyOf(submodel) === 'off'
        ? { template: undefined, findings: [] }
        : this.known.evaluate(submodel, { limit: MAX_REPORTED })
    const problems = this.problemsOf(document.id).map((problem) => findingOf(submodel, problem))
    const violations = [...findings, ...problems].slice(0, MAX_REPORTED)
    const isInvalid = violations.length > 0 || metamodel.length > 0
    return {
      submodelId: document.id,
      result: isInvalid ? 'invalid' : template === undefined ? 'noTemplate' : 'valid',
      ...(template !== undefined && {
        template: template.name,
        schema: template.id,
        schemaVersion: template.version ?? digest(template.normal)
      }),
      checkedAt: new Date(checkedAt).toISOString(),
      revision: document.revision,
      rules: this.rules,
      violations,
      metamodel
    }
  }

  /** Facets of a result: the outcome; the template by name, with and without version, schema and semanticIds. */
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
