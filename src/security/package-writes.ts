/** Checks what a commit does to a package: what it holds before and after, against what the rules cover. */
import { unlessDamaged } from '../store/damage.ts'
import { readText } from '../store/document-text.ts'
import type { Change, FileEntry } from '../store/store.ts'
import type { Access } from './access.ts'
import { rulesCoveringAlways } from './coverage.ts'
import type { PackageWrite } from './document-writes.ts'
import type { WriteStores } from './guarded-state.ts'
import { PACKAGE_FILE, PACKAGE_KINDS, type PackedDocument, shellsIn } from './package-contents.ts'

interface CheckedPackage {
  /** What the decision depends on. */
  readonly guards: readonly Change[]
  /** Names of the rules that grant it. */
  readonly rules: readonly string[]
  /** Ids of shells that the new package is said to be about, but which it does not hold. */
  readonly elsewhere: readonly string[]
}

/** @returns undefined if something that the package holds is not covered */
export async function checkPackage(
  { id, right, file, json }: PackageWrite,
  { access, store, stored }: WriteStores & { readonly access: Access }
): Promise<CheckedPackage | undefined> {
  const verdicts = await Promise.all(PACKAGE_KINDS.map((kind) => access.verdict(right, { kind })))
  if (verdicts.every(({ is }) => is === 'allowed')) {
    return { guards: [], rules: verdicts.flatMap((verdict) => rulesCoveringAlways(verdict, 'all')), elsewhere: [] }
  }
  const rules = new Set<string>()
  const isCovered = async (one: FileEntry | undefined) => {
    const decide = async (document: PackedDocument) => {
      const decision = await access.decide(right, document.kind, document.id)
      for (const { rule } of decision.verdict.grants) rules.add(rule.name)
      return decision
    }
    return one && unlessDamaged(access.rules.packages.accessible(store, one, decide))
  }
  const guards: Change[] = []
  if (right !== 'CREATE') {
    const head = await stored.head('Package', id)
    // The store answers that there is none.
    if (head === undefined) return { guards, rules: [], elsewhere: [] }
    guards.push({ change: 'expect', kind: 'Package', id, state: { revision: head.revision } })
    if ((await isCovered(await store.file('Package', id, PACKAGE_FILE))) === undefined) return undefined
  }
  if (json === undefined) return { guards, rules: [...rules], elsewhere: [] }
  const held = await isCovered(file)
  if (held === undefined) return undefined
  const shells = shellsIn(held)
  const { aasIds } = JSON.parse(readText(json)) as { readonly aasIds: readonly string[] }
  return { guards, rules: [...rules], elsewhere: aasIds.filter((one) => !shells.has(one)) }
}
