/** Every rule of the acceptance test of both years is broken once: what is found, and what of it is repaired. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkFile } from '../../../src/operations/conformance/check-file.ts'
import { profileNamed } from '../../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../../src/operations/conformance/open-file.ts'
import { repairFile } from '../../../src/operations/conformance/repair/repair-file.ts'
import { testDirectory } from '../../test-directory.ts'
import { brokenRules } from './broken-rules.ts'
import { referenceModel, writePackage } from './reference-model.ts'

const shared = new URL('../../../../shared/', import.meta.url).pathname

for (const { rule: name, change, choices, isWarning = false, ...broken } of brokenRules) {
  const [year, rule = ''] = name.split('/')
  const { fails = [rule], left = [] } = broken
  const isRepaired = !isWarning && left.length < fails.length
  const title = fails.length === 0 ? 'looks at nothing' : `is found, and ${isRepaired ? 'repaired' : 'left'}`
  t.test(`${name} ${title}`, async (t) => {
    const model = referenceModel()
    change(model)
    const folder = testDirectory(t)
    const [from, to] = [join(folder, 'from.aasx'), join(folder, 'to.aasx')]
    await writePackage(from, model, choices)
    const profile = profileNamed(`kosmo-${year}`)
    const before = await withInspectedFile(from, {}, (inspected) => checkFile(inspected, profile, 'ko'))
    t.same(namesOf(before.rules, ['failed', 'warning']), [...fails].sort(), JSON.stringify(before.findings))
    t.equal(before.valid, isWarning || fails.length === 0)
    const request = { profile, language: 'en' as const, dictionary: async () => undefined }
    const { changes, report } = await repairFile(from, to, request)
    t.same(namesOf(report.rules, ['failed']), [...left].sort(), JSON.stringify(report.findings))
    t.equal(changes.length > 0, isRepaired)
    if (!isRepaired) t.ok(readFileSync(from).equals(readFileSync(to)), 'it stays the same file')
    const again = await repairFile(to, join(folder, 'again.aasx'), request)
    t.same(again.changes, [], 'a repaired file is left as it is')
  })
}

function namesOf(
  rules: readonly { readonly rule: string; readonly result: string }[],
  results: readonly string[]
): readonly string[] {
  return rules.flatMap(({ rule, result }) => (results.includes(result) ? [rule] : [])).sort()
}

t.test('each rule is broken here once', async (t) => {
  for (const year of ['2025', '2026']) {
    const ids = profileNamed(`kosmo-${year}`).rules.map(({ id }) => id)
    // In force in both years, and broken in the first.
    const tried = brokenRules.map(({ rule }) => rule).filter((rule) => rule.startsWith(year) || rule === '2025/IDTA-1')
    const names = tried.map((rule) => rule.slice(5)).filter((id) => id !== 'L2-constraints')
    t.same([...new Set(names)].sort(), [...new Set(ids)].sort(), year)
  }
})

const digest = join(shared, 'digests/kosmo-rules.json')
const missing = !existsSync(digest) && 'the rules of the acceptance test are not at hand'

t.test(
  'the rules of the acceptance test are all of them, and what it calls repairable is repaired',
  { skip: missing },
  async (t) => {
    const known = JSON.parse(readFileSync(digest, 'utf8')) as { id: string; repairable: string }[]
    t.same(brokenRules.map(({ rule }) => rule).sort(), known.map(({ id }) => id).sort())
    for (const { id, repairable } of known) {
      const { left = [] } = brokenRules.find(({ rule }) => rule === id) ?? {}
      if (repairable.startsWith('yes')) t.same(left, [], `${id}: ${repairable}`)
    }
  }
)
