/** The licences of the run-time dependencies as a page, derived from package-lock.json. */
import { readFileSync } from 'node:fs'
import { isBundled } from './bundled.ts'

/** Permissive licences: they ask for no more than to keep the notice. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  ...['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'],
  ...['CC0-1.0', 'Unlicense', 'Zlib', 'Python-2.0'],
  // Of fonts: it only forbids to sell them by themselves.
  'OFL-1.1'
])

/** Packages that state their licence in their files, but not where the lock file has it from. */
const STATED_IN_FILES: Readonly<Record<string, string>> = {
  'dequeue 1.0.5': 'BSD-2-Clause',
  'precond 0.2.3': 'MIT'
}

interface LockedPackage {
  readonly version: string
  readonly license?: string
  readonly dev?: true
}

/** @throws Error where a run-time dependency has another licence, or none */
export function licencesPage(): string {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>
  }
  const used = Object.entries(lock.packages).flatMap(([path, { version, license, dev }]) => {
    if (path === '' || (dev === true && !isBundled(path))) return []
    const text = `${path.replace(/^.*node_modules\//, '')} ${version}`
    return [{ text, license: license ?? STATED_IN_FILES[text] ?? 'none' }]
  })
  const refused = used.filter(({ license }) => !PERMISSIVE.has(license))
  if (refused.length > 0) {
    const list = refused.map(({ text, license }) => `${text} (${license})`).join(', ')
    throw new Error(`These dependencies have no licence of the list in scripts/derive-licences.ts: ${list}`)
  }
  const byLicence = [...Map.groupBy(used, ({ license }) => license)].sort(([one], [other]) => (one < other ? -1 : 1))
  const sections = byLicence.map(([licence, all]) => {
    const texts = [...new Set(all.map(({ text }) => text))].sort()
    return `## ${licence}\n\n${texts.map((text) => `- ${text}`).join('\n')}\n`
  })
  return `<!-- Derived from package-lock.json by \`npm run derive\`. -->

# Licences of the run-time dependencies

Everything that is installed without development dependencies, or built into the page for browsers, by licence. \`npm run derive\` fails where a licence is not one of the permissive
ones that [scripts/derive-licences.ts](../scripts/derive-licences.ts) lists. The published package has the same list for programs, as CycloneDX
(\`sbom.cdx.json\`) and SPDX (\`sbom.spdx.json\`), which \`npm run sbom\` makes. What the project itself contains of others is in [NOTICE](../NOTICE).

${sections.join('\n')}`
}
