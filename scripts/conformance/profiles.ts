/**
 * Compares the rule IDTA-1 of the profile kosmo with the official test engine, on every published package and on one that
 * breaks each rule, as they are, as `repair` writes them, and as reference models: both must find the same files right. Repaired packages that conform must also be read by the BaSyx
 * Python SDK of that release. Needs Python 3.
 *
 *   node scripts/conformance/profiles.ts
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HubError } from '../../src/errors.ts'
import { checkFile } from '../../src/operations/conformance/check-file.ts'
import { profileNamed } from '../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../src/operations/conformance/open-file.ts'
import {
  DEFAULT_ID_BASE,
  makeReferenceModel
} from '../../src/operations/conformance/reference-model/reference-model.ts'
import { repairFile } from '../../src/operations/conformance/repair/repair-file.ts'
import { brokenRules } from '../../test/operations/conformance/broken-rules.ts'
import { referenceModel, writePackage } from '../../test/operations/conformance/reference-model.ts'
import { publishedPackages } from './published-packages.ts'
import { BASYX_3_0, ENGINE, run, tool } from './python.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const profile = profileNamed('kosmo')
const request = { profile, language: 'en' as const, dictionary: async () => undefined }

/** Where the engine says less than the rule, and why the rule is right. */
const differences: ReadonlyMap<string, string> = new Map([
  ['broken 2025/AASd-130', 'the engine accepts in JSON what no XML can carry; other readers refuse it']
])

/** Files and whether the rule passes; undefined where the file cannot be read. */
const verdicts = new Map<string, { readonly name: string; readonly passes: boolean; readonly conforms: boolean }>()
let [passed, failed] = [0, 0]
const folder = mkdtempSync(join(tmpdir(), 'aas-hub-profiles-'))
try {
  const packages = [...publishedPackages(), ...(await brokenPackages(folder))]
  for (const [index, { path, name }] of packages.entries()) {
    try {
      await check(path, name)
      const to = join(folder, `${index}.aasx`)
      await repairFile(path, to, request)
      await check(to, `${name}, repaired`)
      const model = join(folder, `${index}-model.aasx`)
      await makeReferenceModel(path, model, { ...request, idBase: DEFAULT_ID_BASE })
      await check(model, `${name}, as reference model`)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      console.log(`  ${name}: ${error.message}`)
    }
  }
  const faults = await ask(await tool(ENGINE, 'python'), 'check_files.py', [...verdicts.keys()])
  for (const [path, { name, passes }] of verdicts) {
    const first = faults[path]?.[0]
    const reason = differences.get(name.replace(', repaired', ''))
    if (reason !== undefined) {
      console.log(`  ${name}: ${reason}`)
      count(!passes && first === undefined, `${name} is a difference no more`)
      continue
    }
    count(
      passes === (first === undefined),
      `${name}: the rule ${passes ? 'passes' : 'fails'}, the engine says ${first}`
    )
  }
  const conforming = [...verdicts].flatMap(([path, { conforms }]) => (conforms ? [path] : []))
  console.log(`${verdicts.size} files, ${conforming.length} conform`)
  const unread = await ask(await tool(BASYX_3_0, 'python'), 'read_packages.py', conforming)
  for (const path of conforming) {
    const [first] = unread[path] ?? ['not read']
    count(first === undefined, `${verdicts.get(path)?.name}: ${first}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${passed === 0 ? 1 : failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

async function brokenPackages(folder: string): Promise<{ path: string; name: string }[]> {
  return Promise.all(
    brokenRules.map(async ({ rule, change, choices }) => {
      const model = referenceModel()
      change(model)
      const path = join(folder, `${rule.replace('/', '-')}.aasx`)
      return { path: await writePackage(path, model, choices), name: `broken ${rule}` }
    })
  )
}

async function check(path: string, name: string): Promise<void> {
  const report = await withInspectedFile(path, {}, (file) => checkFile(file, profile, 'en'))
  const passes = report.rules.some(({ rule, result }) => rule === 'IDTA-1' && result !== 'failed')
  verdicts.set(path, { name, passes, conforms: report.valid })
}

/** Runs a script that answers `{path: faults}` for its arguments. */
async function ask(python: string, script: string, paths: readonly string[]): Promise<Record<string, string[]>> {
  const { code, output } = await run(python, [here(script), ...paths])
  if (code !== 0) throw new Error(output.slice(-1000))
  return JSON.parse(output) as Record<string, string[]>
}

function count(ok: boolean, what: string): void {
  if (ok) passed++
  else failed++
  if (!ok) console.log(`wrong: ${what}`)
}
