/**
 * Exports every published package in release 3.0, as AASX with XML and with JSON inside, XML and JSON, and has each file
 * checked by the official test engine and read by the BaSyx Python SDK. A package without a form of 3.0 must be refused
 * with places. Needs Python 3.
 *
 *   node scripts/conformance/releases.ts
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeId } from '../../src/model/identifier.ts'
import { withHub } from './hub.ts'
import { publishedPackages } from './published-packages.ts'
import { BASYX_3_0, ENGINE, run, tool } from './python.ts'

const PACKAGE = 'application/asset-administration-shell-package'
const exports = [
  { name: 'xml.aasx', accept: `${PACKAGE}+xml` },
  { name: 'json.aasx', accept: `${PACKAGE}+json` },
  { name: 'env.xml', accept: 'application/xml' },
  { name: 'env.json', accept: 'application/json' }
]
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

let [passed, failed, refused] = [0, 0, 0]
/** Names of packages where documents of different classes share an id, which the SDK refuses. */
const sharingIds = new Set<string>()
const folder = mkdtempSync(join(tmpdir(), 'aas-hub-releases-'))
try {
  const files = await exportAll()
  console.log(`${files.size} files in release 3.0; ${refused} packages have no such form`)
  await checkFiles(await tool(ENGINE, 'python'), 'check_files.py', files)
  const packages = new Map(
    [...files].filter(([path, name]) => path.endsWith('.aasx') && !sharingIds.has(name.split(' as ')[0] ?? ''))
  )
  await checkFiles(await tool(BASYX_3_0, 'python'), 'read_packages.py', packages)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${passed === 0 ? 1 : failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

/** @returns names of packages by the paths of exported files */
async function exportAll(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  for (const [index, { path, name }] of publishedPackages().entries()) {
    // A hub of its own, as packages share ids.
    await withHub(async (url, api) => {
      const body = readFileSync(path)
      const sent = await fetch(`${url}/upload?existing=replace`, {
        method: 'POST',
        body,
        headers: { 'content-type': PACKAGE }
      })
      const report = (await sent.json()) as LoadedIds
      // Strict, so it stores nothing that breaks rules of 3.1.
      if (!sent.ok) return
      const ids = [...report.created, ...report.replaced].map(({ id }) => id)
      if (new Set(ids).size < ids.length) sharingIds.add(name)
      const query = [...report.created, ...report.replaced]
        .filter(({ modelType }) => modelType !== 'ConceptDescription')
        .map(({ modelType, id }) => `${modelType === 'Submodel' ? 'submodelIds' : 'aasIds'}=${encodeId(id)}`)
        .join('&')
      for (const { name: suffix, accept } of exports) {
        const answer = await fetch(`${api}/serialization?version=3.0&${query}`, { headers: { accept } })
        const bytes = Buffer.from(await answer.arrayBuffer())
        if (answer.status === 409) {
          const { messages } = JSON.parse(bytes.toString()) as { messages: { text: string }[] }
          if (suffix === 'xml.aasx') console.log(`  ${name}: ${messages.length} places, ${messages[0]?.text}`)
          if (suffix === 'xml.aasx') refused++
          count(
            messages.every(({ text }) => /^\w+ ".*" \//.test(text)),
            `${name}: every place is named`
          )
        } else if (count(answer.ok, `${name}: ${answer.status} ${answer.ok ? '' : bytes.toString().slice(0, 300)}`)) {
          const file = join(folder, `${index}-${suffix}`)
          writeFileSync(file, bytes)
          files.set(file, `${name} as ${suffix}`)
        }
      }
    })
  }
  return files
}

interface LoadedIds {
  readonly created: readonly { readonly modelType: string; readonly id: string }[]
  readonly replaced: LoadedIds['created']
}

/** Runs a script that answers `{path: faults}` for its arguments. */
async function checkFiles(python: string, script: string, files: ReadonlyMap<string, string>): Promise<void> {
  const { code, output } = await run(python, [here(script), ...files.keys()])
  if (code !== 0) throw new Error(output.slice(-1000))
  const faults = JSON.parse(output) as Record<string, string[]>
  for (const [path, name] of files) {
    const [first] = faults[path] ?? ['not checked']
    count(first === undefined, `${script}: ${name}: ${first}`)
  }
}

function count(ok: boolean, what: string): boolean {
  if (ok) passed++
  else failed++
  if (!ok) console.log(`wrong: ${what}`)
  return ok
}
