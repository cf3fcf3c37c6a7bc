/** Checks what a commit does to one document: its states before and after, against what the rules cover. */
import type { Submodel } from '../model/types.ts'
import { walk } from '../model/walk.ts'
import type { Change } from '../store/store.ts'
import { TimeSlice } from '../time-slice.ts'
import { covers, coversAlways, mayCover, rulesCoveringAlways } from './coverage.ts'
import { type DocumentWrite, type Need, needsOf } from './document-writes.ts'
import { readGuarded, type WriteStores } from './guarded-state.ts'
import type { AccessVerdict } from './policy.ts'
import type { RequiredRight, Right } from './rights.ts'
import { DocumentView } from './view.ts'
import { stateAfter, stateBefore } from './write-states.ts'

/** One document of a commit, with the verdicts on the rights that are needed there. */
export class WriteCheck {
  readonly guards: Change[] = []
  /** Names of the rules that cover what is needed; complete once nothing is uncovered. */
  readonly rules = new Set<string>()
  readonly #write: DocumentWrite
  readonly #verdicts: ReadonlyMap<Right, AccessVerdict>
  readonly #stores: WriteStores
  readonly #declared: RequiredRight | undefined

  /** @param declared the right that the operation is declared with */
  constructor(
    write: DocumentWrite,
    verdicts: ReadonlyMap<Right, AccessVerdict>,
    stores: WriteStores,
    declared: RequiredRight | undefined
  ) {
    this.#write = write
    this.#verdicts = verdicts
    this.#stores = stores
    this.#declared = declared
  }

  /** The needs that are not covered. */
  async uncovered(): Promise<readonly Need[]> {
    const { kind, id, links } = this.#write
    if (links.length === 0) {
      const needs = needsOf(this.#write, this.#declared, () => [])
      const open = needs.filter((need) => !coversAlways(this.#verdict(need), need.part))
      for (const need of needs) this.#addRules(rulesCoveringAlways(this.#verdict(need), need.part))
      if (open.length === 0) return []
      const hopeless = open.filter((need) => !mayCover(this.#verdict(need), need.part))
      if (hopeless.length > 0) return hopeless
    }
    const isNew = this.#write.created !== undefined
    const guarded = isNew ? undefined : await readGuarded(this.#stores, kind, id, [...this.#verdicts.values()])
    if (guarded !== undefined) this.guards.push(...guarded.guards)
    const before = stateBefore(this.#write, guarded)
    const after = stateAfter(this.#write, before)
    const needs = needsOf(this.#write, this.#declared, (link) => [
      ...new Set([before, after].flatMap((document) => linkedBy(document, kind, link)))
    ])
    return this.#uncovered(needs, before, after)
  }

  async #uncovered(
    needs: readonly Need[],
    before: object | undefined,
    after: object | undefined
  ): Promise<readonly Need[]> {
    const { kind, created, deleted } = this.#write
    const views = new Map([...this.#verdicts].map(([right, verdict]) => [right, new DocumentView(verdict, kind)]))
    const slice = new TimeSlice()
    const found: Need[] = []
    const states = created !== undefined ? [after] : deleted ? [before] : [before, after]
    for (const need of needs) {
      await slice.check()
      const view = views.get(need.right)
      const isCovered = states.every((state) => state !== undefined && view && covers(view, state, need.part))
      if (isCovered) this.#addRules(this.#rulesCovering(need, states))
      else found.push(need)
    }
    return found
  }

  /** Rules that cover it alone; where there are none, all that cover it together. */
  #rulesCovering(need: Need, states: readonly (object | undefined)[]): string[] {
    const { kind } = this.#write
    const { grants } = this.#verdict(need)
    if (grants.length === 1) return grants.map(({ rule }) => rule.name)
    const alone = grants.filter((grant) => {
      const view = new DocumentView({ is: 'conditional', condition: grant.condition, grants: [grant] }, kind)
      return states.every((state) => state !== undefined && covers(view, state, need.part))
    })
    return (alone.length > 0 ? alone : grants).map(({ rule }) => rule.name)
  }

  #addRules(names: readonly string[]): void {
    for (const name of names) this.rules.add(name)
  }

  #verdict({ right }: Need): AccessVerdict {
    return this.#verdicts.get(right) as AccessVerdict
  }
}

/** The paths of the elements that link to a file. */
function linkedBy(document: object | undefined, kind: string, link: string): string[] {
  if (document === undefined || kind !== 'Submodel') return []
  return [...walk(document as Submodel)].flatMap(({ element, path }) =>
    element.modelType === 'File' && element.value === link ? [path] : []
  )
}
