/**
 * Are the installed run-time dependencies those that their registry has signed? Fails where `npm audit signatures` finds a
 * signature that is wrong or missing. A registry without signatures, such as a mirror, or without a connection to where
 * their keys are published, is named and skipped: that says nothing of the packages.
 *
 * `node scripts/signatures.ts [npm options]`
 */
import { spawnSync } from 'node:child_process'

interface Checked {
  readonly name: string
  readonly version: string
}

/** As `npm audit signatures --json` answers; without these members it has checked nothing. */
interface SignatureReport {
  readonly invalid?: readonly Checked[]
  readonly missing?: readonly Checked[]
  readonly error?: { readonly summary?: string }
}

if (import.meta.main) {
  // Without the usual retries, which take more than a minute where there is no connection.
  const options = ['audit', 'signatures', '--omit=dev', '--json', '--fetch-retries=0', ...process.argv.slice(2)]
  const { stdout, stderr, error } = spawnSync('npm', options, {
    ...{ encoding: 'utf8', maxBuffer: 2 ** 28 },
    // On Windows it is a script.
    shell: process.platform === 'win32'
  })
  if (error !== undefined) throw error
  const { lines, isFine } = signatureFindings(stdout, stderr)
  console.log(lines.join('\n'))
  process.exitCode = isFine ? 0 : 1
}

/** @param stdout, stderr of npm */
export function signatureFindings(
  stdout: string,
  stderr: string
): { readonly lines: readonly string[]; readonly isFine: boolean } {
  const { invalid, missing, error } = parsed(stdout)
  if (invalid === undefined || missing === undefined) {
    const [reason = 'no reason'] = [error?.summary, stderr.split('\n')[0]].filter((text) => text)
    return { lines: [`skipped: npm audit signatures checked nothing (${reason})`], isFine: true }
  }
  const named = (what: string) => (one: Checked) => `${what} signature: ${one.name}@${one.version}`
  const found = [...invalid.map(named('wrong')), ...missing.map(named('missing'))]
  return { lines: [...found, `npm audit signatures: ${found.length} findings`], isFine: found.length === 0 }
}

function parsed(text: string): SignatureReport {
  try {
    return JSON.parse(text) as SignatureReport
  } catch {
    return {}
  }
}
