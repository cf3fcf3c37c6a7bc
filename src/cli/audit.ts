/** The verb for auditors: the hash chain of what was done, and reports of the hub on itself. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type Clock, systemClock } from '../clock.ts'
import type { OpenedHub } from '../commands/compliance-report.ts'
import type { Config } from '../config/config.ts'
import { HubError } from '../errors.ts'
import { type CliVerb, UsageError } from './verb.ts'

export const audit: CliVerb = {
  does: 'verifies the hash chain of the audit, exports it, or prints its head, to be kept elsewhere; lets the hub examine itself, and verifies and compares its reports',
  usage: `verify [--head NUMBER:HASH|FILE] [--data-dir FOLDER | --url URL]
       aas-hub audit export [--format ndjson|syslog] [--after NUMBER] [--data-dir FOLDER | --url URL]
       aas-hub audit head [--data-dir FOLDER | --url URL]
       aas-hub audit report [-o FILE] [--format json|html|pdf] [--language ko|en] [--data-dir FOLDER | --url URL]
         the hub examines itself; without -o the file is named by the id of the report
       aas-hub audit verify REPORT.json [--key THUMBPRINT|FILE|URL] [--against URL [--writes]]
         was anything changed, and who signed it? --against repeats its requests at a hub, and compares the answers;
         --writes also those that the hub refused, which it would store otherwise.
         Exit code 1: changed, another key, or answered in another way; 2: it is not known whose key it is
       aas-hub audit compare EARLIER.json LATER.json [--language ko|en] [--json]
         what changed; exit code 1 where something became worse
         of a running hub with a key in AAS_HUB_KEY or --token-file`,
  settings: /^(DATA_DIR|MONGODB_.*|SIGNING_KEY|CHROMIUM)$/,
  run: runAuditVerb,
  takesFiles: true
}

async function runAuditVerb(
  config: Config,
  extra: ReadonlyMap<string, string>,
  words: readonly string[]
): Promise<void> {
  const [action = '', ...files] = words
  const [first, second] = files
  if (action === 'report' && first === undefined) return report(config, extra)
  if (action === 'verify' && first !== undefined && second === undefined) return verify(extra, first)
  if (action === 'compare' && first !== undefined && second !== undefined && files.length === 2) {
    return compare(extra, [first, second])
  }
  const { isAuditAction, runAudit } = await import('../commands/audit.ts')
  if (!isAuditAction(action) || files.length > 0) throw new UsageError(`Usage: aas-hub audit ${audit.usage}`)
  const problem = await runAudit(action, { flags: extra, directory: config.DATA_DIR, write })
  if (problem !== undefined) throw new UsageError(problem)
}

async function report(config: Config, flags: ReadonlyMap<string, string>, clock: Clock = systemClock): Promise<void> {
  const { writeReport } = await import('../commands/compliance-report.ts')
  const written = await writeReport({
    ...{ flags, clock, chromium: config.CHROMIUM, report: (line) => console.error(line) },
    openHub: () => openHub(config)
  })
  const { file, keyId, report: made } = written
  await write(`${file}: report ${made.id}, ${made.verdict}, signed with the key ${keyId}\n`)
}

async function openHub(config: Config): Promise<OpenedHub> {
  if (config.MONGODB_URL === '' && !existsSync(config.DATA_DIR)) {
    throw new UsageError(`${config.DATA_DIR} does not exist; name the data directory, or a running hub with --url`)
  }
  const { createServer } = await import('../server.ts')
  const server = await createServer({ ...config, LOG_LEVEL: 'silent' }).catch((error: Error) => {
    if (!(error instanceof HubError && error.name === 'Unavailable')) throw error
    throw new UsageError(`${error.message}; a running hub is asked with --url`)
  })
  return { ...server.compliance, close: () => server.close() }
}

async function verify(flags: ReadonlyMap<string, string>, file: string): Promise<void> {
  const { verifyReport } = await import('../commands/compliance-verify.ts')
  const result = await verifyReport(file, flags, write)
  if (result !== 'good') process.exitCode = result === 'bad' ? 1 : 2
}

async function compare(flags: ReadonlyMap<string, string>, files: readonly [string, string]): Promise<void> {
  const { compareReportFiles } = await import('../commands/compliance-compare.ts')
  const { output, isWorse } = await compareReportFiles(files, flags)
  await write(output)
  if (isWorse) process.exitCode = 1
}

/** Resolves when more may be written. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
