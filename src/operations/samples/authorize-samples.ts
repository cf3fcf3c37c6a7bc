/**
 * Which series of a push its caller may write (Part 4): UPDATE on the element of each. Series that the caller may not see
 * are refused as unknown, with the same text.
 *
 * Devices push the same series over and over, so what does not depend on values is decided once per structure of a
 * submodel, and guarded in the commit.
 */
import type { Access } from '../../security/access.ts'
import { covers, coversAlways, rulesCoveringAlways } from '../../security/coverage.ts'
import { guardReferences } from '../../security/guarded-state.ts'
import { Visibility } from '../../security/visibility.ts'
import { WriteAuthorizer } from '../../security/write-authorizer.ts'
import { unlessDamaged } from '../../store/damage.ts'
import type { SeriesName } from '../../store/series.ts'
import type { Change, ElementRow, Store } from '../../store/store.ts'
import type { SampleColumn } from './batch.ts'
import type { RefusalReason } from './create.ts'
import { FORBIDDEN } from './refusals.ts'

/** A series and its element. */
export type SeriesRow<Column extends SeriesName = SampleColumn> = readonly [column: Column, row: ElementRow]

export interface AuthorizedSeries<Column extends SeriesName> {
  readonly rows: readonly SeriesRow<Column>[]
  readonly refused: readonly (readonly [Column, RefusalReason])[]
  /** To be committed with the samples. */
  readonly guards: readonly Change[]
  /** Names of the rules that grant it, for the audit. */
  readonly rules: ReadonlySet<string>
  /** Rules read values: the changes have to be authorized before they are committed. */
  readonly dependsOnValues: boolean
}

/** Decisions kept, per caller, submodel and path. */
const MAX_KNOWN = 100_000

interface KnownSubmodel {
  readonly structureRevision: number
  readonly paths: Map<string, boolean>
}

export class SampleAuthorizer {
  readonly #store: Store
  /** By caller, rules in force and submodel. */
  readonly #known = new Map<string, KnownSubmodel>()
  #size = 0

  constructor(store: Store) {
    this.#store = store
  }

  async authorize<Column extends SeriesName>(
    access: Access,
    rows: readonly SeriesRow<Column>[]
  ): Promise<AuthorizedSeries<Column>> {
    const { references } = access
    const guards = references.length === 0 ? [] : await guardReferences({ stored: this.#store }, references)
    const rules = new Set<string>()
    if ((await access.ofKind('UPDATE', 'Submodel')) === 'allowed') {
      if (access.audit !== undefined) {
        const verdict = await access.verdict('UPDATE', { kind: 'Submodel' })
        for (const rule of rulesCoveringAlways(verdict, 'all')) rules.add(rule)
      }
      return { rows, refused: [], guards, rules, dependsOnValues: false }
    }
    const allowed: SeriesRow<Column>[] = []
    const refused: (readonly [Column, RefusalReason])[] = []
    const dependsOnValues = !access.isStructural('UPDATE')
    for (const [submodel, ofSubmodel] of Map.groupBy(rows, ([column]) => column.submodel)) {
      const verdict = await access.verdict('UPDATE', { kind: 'Submodel', id: submodel })
      const open = ofSubmodel.filter(([, { path }]) => !coversAlways(verdict, { path }))
      const known = open.length === 0 ? undefined : await this.#decide(access, submodel, open)
      if (known !== undefined && !dependsOnValues) {
        const { structureRevision } = known
        guards.push({ change: 'expect', kind: 'Submodel', id: submodel, state: { structureRevision } })
      }
      for (const { rule } of verdict.grants) rules.add(rule.name)
      for (const one of ofSubmodel) {
        const [column, { path }] = one
        if (coversAlways(verdict, { path }) || known?.paths.get(path) === true) allowed.push(one)
        else refused.push([column, await this.refusal(access, column, path)])
      }
    }
    return { rows: allowed, refused, guards, rules, dependsOnValues }
  }

  /**
   * Authorizes changes where rules read values: those before and after. What is refused is left out, and the rest decided
   * again, as it may depend on it.
   */
  async authorizeValues(
    access: Access,
    changes: readonly (Change & { readonly path: string; readonly submodel: string })[]
  ): Promise<{ readonly changes: readonly Change[]; readonly refused: ReadonlySet<Change> }> {
    const authorizer = new WriteAuthorizer({ store: this.#store, stored: this.#store, access })
    const refused = new Set<Change>()
    for (;;) {
      const left = changes.filter((change) => !refused.has(change))
      const uncovered = await authorizer.uncovered(left)
      if (uncovered.length === 0) return { changes: await authorizer.authorize(left), refused }
      for (const { id, part } of uncovered) {
        const path = typeof part === 'string' ? undefined : part.path
        for (const change of left) if (change.submodel === id && change.path === path) refused.add(change)
      }
    }
  }

  /** Why a series is refused. @param path of its element; undefined: there is none */
  async refusal(access: Access, { submodel, path: name }: SeriesName, path?: string): Promise<RefusalReason> {
    const visibility = new Visibility({ access, store: this.#store, rights: ['VIEW', 'UPDATE'] })
    const seen = await visibility.element(submodel, path ?? name)
    if (seen === 'visible') {
      return { rule: FORBIDDEN, text: `UPDATE of the element "${path}" of "${submodel}" is not allowed` }
    }
    return unknownSeries(submodel, name, seen !== 'outside')
  }

  /** Decides for the elements of a submodel, as far as that is not known. */
  async #decide(
    access: Access,
    submodel: string,
    rows: readonly SeriesRow<SeriesName>[]
  ): Promise<KnownSubmodel | undefined> {
    const head = await this.#store.head('Submodel', submodel)
    if (head === undefined) return undefined
    const { structureRevision } = head
    const key = `${access.key} ${access.rulesVersion} ${submodel}`
    const isLasting = access.isStructural('UPDATE')
    const found = isLasting ? this.#known.get(key) : undefined
    const known = found?.structureRevision === structureRevision ? found : { structureRevision, paths: new Map() }
    const missing = rows.filter(([, { path }]) => !known.paths.has(path))
    if (missing.length === 0) return known
    const stored = await unlessDamaged(this.#store.document('Submodel', submodel))
    // Changed since the head was read: the guard of this structure will fail, and the push be tried again.
    if (stored === undefined) return undefined
    const document = JSON.parse(stored.bytes.toString()) as object
    const view = await access.view('UPDATE', 'Submodel', submodel)
    for (const [, { path }] of missing) known.paths.set(path, covers(view, document, { path }))
    if (isLasting && stored.structureRevision === structureRevision) this.#keep(key, known, missing.length)
    return known
  }

  #keep(key: string, known: KnownSubmodel, added: number): void {
    if (this.#size > MAX_KNOWN) {
      this.#known.clear()
      this.#size = 0
    }
    this.#known.set(key, known)
    this.#size += added
  }
}

export function unknownSeries(submodel: string, path: string, hasSubmodel: boolean): RefusalReason {
  const text = hasSubmodel
    ? `the submodel "${submodel}" has no element "${path}"`
    : `there is no submodel "${submodel}"`
  return { rule: 'unknownSeries', text }
}
