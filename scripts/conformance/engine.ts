/**
 * Runs the official AAS test engine against a new hub and compares its results with the known conflicts between the engine
 * and the standard. Needs Python 3; the engine is installed into its own virtual environment.
 *
 *   npm run conformance
 */
import { encodeId } from '../../src/model/identifier.ts'
import { conflicts } from './conflicts.ts'
import { SHELL, SUBMODEL } from './environment.ts'
import { withHub } from './hub.ts'
import { ENGINE, run, tool } from './python.ts'

const PROFILES = 'https://admin-shell.io/aas/API/3/0'

/** A result of the engine: a message, its level (2 and above: failed), and nested results. */
interface Finding {
  readonly m: string
  readonly l: number
  readonly s: readonly Finding[]
}

const suites = [
  { name: 'AssetAdministrationShellRepositoryServiceSpecification', path: '' },
  { name: 'SubmodelRepositoryServiceSpecification', path: '' },
  // The engine's paths are relative to the URL of the shell or submodel.
  {
    name: 'AssetAdministrationShellServiceSpecification',
    path: `/aas-services/${encodeId(SHELL)}/aas`,
    prefix: '/aas'
  },
  {
    name: 'SubmodelServiceSpecification',
    path: `/submodel-services/${encodeId(SUBMODEL)}/submodel`,
    prefix: '/submodel'
  }
]

const command = await tool(ENGINE, 'aas_test_engines')
let passed = 0
let failed = 0
const shown = new Set<number>()
await withHub(async (_, api) => {
  for (const suite of suites) await check(api, suite)
})
for (const [index, { clause }] of conflicts.entries()) {
  if (shown.has(index)) continue
  failed++
  console.log(`A known conflict no longer shows: ${clause}`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Runs one suite in a separate process, so that the hub can answer. */
async function check(
  api: string,
  { name, path, prefix }: { name: string; path: string; prefix?: string }
): Promise<void> {
  console.log(`\n${name}/SSP-002 at ${path || '/'}`)
  const strip = prefix === undefined ? [] : ['--remove-path-prefix', prefix]
  const args = ['check_server', api + path, `${PROFILES}/${name}/SSP-002`, '--output', 'json', ...strip]
  // Its exit code reports failures, which are classified here.
  const { output } = await run(command, args)
  if (!output.startsWith('{')) throw new Error(`The engine said nothing that can be read: ${output.slice(0, 300)}`)
  const result = JSON.parse(output) as Finding
  for (const operation of result.s) {
    const { leaves, known, unknown } = classify(operation)
    passed += leaves - unknown.length
    failed += unknown.length
    const verdict = unknown.length > 0 ? 'FAILED' : known > 0 ? `ok, ${known} known conflicts` : 'ok'
    console.log(`  ${operation.m.replace(/^Checking /, '').trim()}: ${leaves} checks, ${verdict}`)
    for (const line of unknown) console.log(`    ${line}`)
  }
}

/** Counts the checks of an operation, and separates failures that the standard does not explain. */
function classify(operation: Finding): { leaves: number; known: number; unknown: string[] } {
  const found = { leaves: 0, known: 0, unknown: [] as string[] }
  const walk = (finding: Finding, path: readonly string[]): void => {
    const here = [...path, finding.m.trim()]
    for (const part of finding.s) walk(part, here)
    if (finding.s.length > 0) return
    found.leaves++
    if (finding.l < 2) return
    const index = conflicts.findIndex(({ check, says }) => check.test(operation.m) && says.test(finding.m))
    if (index === -1) found.unknown.push(here.slice(1).join(' > '))
    else {
      shown.add(index)
      found.known++
    }
  }
  walk(operation, [])
  return found
}
