/** `aas-hub audit verify FILE`: checks a report offline, and repeats its requests at a hub. */
import { readFile } from 'node:fs/promises'
import { HubError } from '../errors.ts'
import type { ComplianceReport } from '../reports/compliance/report.ts'
import { checkReport } from '../reports/compliance/signing/signature.ts'
import {
  type RepeatedFigure,
  type RepeatedRequest,
  type RepeatOutcome,
  type Repetition,
  repeatReport
} from '../reports/compliance/verification/repeat.ts'
import { isThumbprint, thumbprintsIn } from '../reports/compliance/verification/trusted-keys.ts'
import { readReportFile, requestsTo } from './compliance-source.ts'
import { fetchHub, type HubAddress, hubAddressOf } from './hub-request.ts'

/** `unconfirmed`: nothing was changed, but whose key it is was not said. */
export type VerificationResult = 'good' | 'bad' | 'unconfirmed'

/** Requests and figures of one kind that are listed. */
const MAX_LISTED = 20

/**
 * @param write takes text for standard output
 * @throws HubError in one sentence where it is no report, was changed, or is signed with another key than those given
 */
export async function verifyReport(
  file: string,
  flags: ReadonlyMap<string, string>,
  write: (text: string) => Promise<void>
): Promise<VerificationResult> {
  const { report, keyId } = await checkReport(await readReportFile(file))
  const hub = await hubToAsk(flags)
  const trusted = await trustedKeys(flags.get('key'), hub)
  if (trusted !== undefined && !trusted.includes(keyId)) {
    const names = trusted.length === 0 ? 'no key' : trusted.slice(0, 3).join(', ')
    throw new HubError('BadRequest', [`The report is signed with the key ${keyId}, but trusted is ${names}`])
  }
  await write(describe(report, keyId, trusted !== undefined))
  if (trusted === undefined) return 'unconfirmed'
  if (hub === undefined) return 'good'
  const repetition = await repeatReport(report, requestsTo(hub), { writes: flags.has('writes') })
  await write(tableOf(repetition))
  if (repetition.requests.some(({ outcome }) => outcome === 'differs')) return 'bad'
  return 'good'
}

/** The hub of `--against`. */
function hubToAsk(flags: ReadonlyMap<string, string>): Promise<HubAddress | undefined> {
  const url = flags.get('against') ?? flags.get('url')
  return hubAddressOf(
    new Map([...flags].filter(([name]) => name !== 'url').concat(url === undefined ? [] : [['url', url]]))
  )
}

/** What `--key` says, else what the hub publishes; undefined without either. */
async function trustedKeys(
  key: string | undefined,
  hub: HubAddress | undefined
): Promise<readonly string[] | undefined> {
  if (key === undefined) {
    if (hub === undefined) return undefined
    const published = await (await fetchHub({ url: hub.url, key: '' }, 'GET', '/.well-known/jwks.json')).text()
    return published === '{"keys":[]}' ? [] : thumbprintsIn(published, `${hub.url}/.well-known/jwks.json`)
  }
  if (isThumbprint(key)) return [key]
  if (/^https?:\/\//.test(key)) {
    const { origin, pathname } = new URL(key)
    return thumbprintsIn(await (await fetchHub({ url: origin, key: '' }, 'GET', pathname)).text(), key)
  }
  const text = await readFile(key, 'utf8').catch((error: Error) => {
    throw new HubError('BadRequest', [`--key is no thumbprint of 43 characters, and no file: ${error.message}`])
  })
  return thumbprintsIn(text, key)
}

function describe(
  { id, created, address, verdict, sections }: ComplianceReport,
  keyId: string,
  isTrusted: boolean
): string {
  const checks = sections.flatMap((section) => section.checks)
  const unmet = checks.filter((check) => check.verdict === 'unmet')
  const lines = [
    `Report ${id} of ${address}, made at ${created}: ${verdict}, ${checks.length} checks, ${unmet.length} of them not met`,
    'Nothing of it was changed since it was signed.',
    isTrusted
      ? `It is signed with the trusted key ${keyId}.`
      : `It is signed with the key ${keyId}. Whether that is the key of the hub is not known: name it with --key, or ask the hub with --against.`
  ]
  return `${lines.join('\n')}\n`
}

const words: Readonly<Record<RepeatOutcome, string>> = {
  same: 'the same',
  sameForm: 'same form',
  differs: 'different',
  refused: 'not allowed',
  notSent: 'not sent'
}

function tableOf({ requests, figures }: Repetition): string {
  const sections = Map.groupBy(requests, ({ check }) => check.split('/')[0] ?? '')
  const outcomes = Object.keys(words) as RepeatOutcome[]
  const rows = [...sections].map(([section, all]) => [
    section,
    ...outcomes.map((outcome) => String(all.filter((one) => one.outcome === outcome).length))
  ])
  const moved = figures.filter(({ reported, found }) => reported !== found)
  return [
    'Requests that were repeated',
    ...aligned([['', ...outcomes.map((outcome) => words[outcome])], ...rows]),
    ...listed('Answered in another way', requests.filter(({ outcome }) => outcome === 'differs').map(describeRequest)),
    `Figures that were read again: ${figures.length}, ${figures.length - moved.length} the same`,
    ...listed('Figures that moved', moved.map(describeFigure)),
    ''
  ].join('\n')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  return rows.map(
    (row) =>
      `  ${row.map((text, at) => (at === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[at] ?? 0))).join('  ')}`
  )
}

function listed(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return []
  const more = lines.length > MAX_LISTED ? [`  … ${lines.length - MAX_LISTED} more`] : []
  return [`${title}:`, ...lines.slice(0, MAX_LISTED).map((line) => `  ${line}`), ...more]
}

function describeRequest({ check, request, expected, found }: RepeatedRequest): string {
  const how = expected === found ? `${found} in another form` : `${expected}, now ${found}`
  return `${check}: ${request} → ${how}`
}

function describeFigure({ check, name, reported, found }: RepeatedFigure): string {
  return `${check}: ${name} ${reported}, now ${found ?? 'not there'}`
}
