/**
 * Known vulnerabilities of run-time dependencies: fails where `npm audit` finds one of high or critical severity. A registry
 * that does not answer the question, such as a mirror, is named and skipped: that it is silent says nothing of a change.
 *
 * `node scripts/audit.ts [npm options]`
 */
import { spawnSync } from 'node:child_process'

interface Finding {
  readonly name: string
  readonly severity: string
  readonly range: string
  /** Advisories, or names of dependencies that have some. */
  readonly via: readonly (string | { readonly title: string; readonly url: string })[]
}

const FAILING: ReadonlySet<string> = new Set(['high', 'critical'])

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json', ...process.argv.slice(2)], {
  ...{ encoding: 'utf8', maxBuffer: 2 ** 28 },
  // On Windows it is a script.
  shell: process.platform === 'win32'
})
if (error !== undefined) throw error
const report = parsed(stdout)
if (report.auditReportVersion === undefined) {
  console.log(
    `skipped: the registry does not answer npm audit (${report.message ?? report.error?.summary ?? 'no reason'})`
  )
} else {
  const found = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) => FAILING.has(severity))
  for (const { name, severity, range, via } of found) {
    const reasons = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title}, ${one.url}`))
    console.log(`${severity}: ${name} ${range}: ${reasons.join('; ')}`)
  }
  console.log(`npm audit: ${found.length} findings of high or critical severity`)
  process.exitCode = found.length === 0 ? 0 : 1
}

interface Report {
  readonly auditReportVersion?: number
  readonly vulnerabilities?: Readonly<Record<string, Finding>>
  /** Of a request that failed. */
  readonly message?: string
  readonly error?: { readonly summary?: string }
}

function parsed(text: string): Report {
  try {
    return JSON.parse(text) as Report
  } catch {
    return { message: 'its answer is no JSON' }
  }
}
