/** `aas-hub audit verify|export|head`: on a data directory, also while a hub uses it, or on a running hub. */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { HubError } from '../errors.ts'
import { auditLine, parseAuditLine } from '../security/audit-search.ts'
import { type AuditEntry, type AuditHead, ChainVerifier, type KeptHead } from '../store/audit-chain.ts'
import { openAuditDirectory } from '../store/sqlite/audit-directory.ts'
import { syslogLine } from './audit-syslog.ts'
import { fetchHub, type HubAddress, hubAddressOf, requestHub } from './hub-request.ts'

export interface AuditCommand {
  readonly flags: ReadonlyMap<string, string>
  readonly directory: string
  /** Resolves when more may be written. */
  write(text: string): Promise<void>
}

interface AuditSource {
  readonly head: AuditHead
  /** Undefined: a line that is no entry. */
  entries(after: number): Iterable<AuditEntry> | AsyncIterable<AuditEntry | undefined>
  close(): void
}

/**
 * @returns what is wrong with the audit, in a sentence, if anything
 * @throws HubError where there is no audit, or it cannot be reached
 */
export async function runAudit(action: AuditAction, command: AuditCommand): Promise<string | undefined> {
  const hub = await hubAddressOf(command.flags)
  const source = hub === undefined ? await openAuditDirectory(command.directory) : await sourceOfHub(hub)
  try {
    return await actions[action](source, command)
  } finally {
    source.close()
  }
}

export function isAuditAction(word: string): word is AuditAction {
  return Object.hasOwn(actions, word)
}

type AuditAction = 'verify' | 'export' | 'head'
type Act = (source: AuditSource, command: AuditCommand) => Promise<string | undefined>

const actions: Readonly<Record<AuditAction, Act>> = {
  verify: verifyAudit,
  export: exportAudit,
  head: async ({ head }, { write }) => {
    await write(`${headText(head)}\n`)
    return undefined
  }
}

async function verifyAudit(source: AuditSource, { flags, write }: AuditCommand): Promise<string | undefined> {
  const kept = await keptHeads(flags.get('head'))
  const { head } = source
  const chain = new ChainVerifier([...(head.number === 0 ? [] : [head]), ...kept])
  for await (const entry of source.entries(0)) {
    if (entry === undefined) return `What follows entry ${chain.last?.number ?? 0} is no entry of an audit`
    const problem = chain.add(entry)
    if (problem !== undefined) return problem
  }
  const problem = chain.end()
  if (problem !== undefined) return problem
  const { last } = chain
  if (last === undefined) await write('The audit is empty\n')
  else {
    const first = last.number - chain.count + 1
    const compared = kept.length === 0 ? '' : ', and it continues the head that was kept'
    await write(`The audit is sound: entries ${first} to ${last.number}${compared}. Its head is ${headText(last)}\n`)
  }
  return undefined
}

async function exportAudit(source: AuditSource, { flags, write }: AuditCommand): Promise<string | undefined> {
  const format = flags.get('format') ?? 'ndjson'
  const after = flags.get('after') ?? '0'
  if (format !== 'ndjson' && format !== 'syslog') {
    throw new HubError('BadRequest', [`--format is "${format}", expected ndjson or syslog`])
  }
  if (!/^\d{1,15}$/.test(after)) throw new HubError('BadRequest', [`--after is "${after}", expected a number`])
  const toLine = format === 'syslog' ? syslogLine : auditLine
  let last = Number(after)
  for await (const entry of source.entries(last)) {
    if (entry === undefined) return `What follows entry ${last} is no entry of an audit`
    last = entry.number
    await write(`${toLine(entry)}\n`)
  }
  return undefined
}

function headText({ number, hash }: Pick<AuditHead, 'number' | 'hash'>): string {
  return `${number}:${hash}`
}

/** @param text as `audit head` prints it, the hash alone, or a file with either */
async function keptHeads(text: string | undefined): Promise<readonly KeptHead[]> {
  if (text === undefined) return []
  const read = /^(\d+:)?[0-9a-f]{64}$/i.test(text) ? text : (await readFile(text, 'utf8')).trim()
  const [, number, hash = ''] = /^(?:(\d{1,15}):)?([0-9a-f]{64})$/i.exec(read) ?? []
  if (hash === '')
    throw new HubError('BadRequest', ['--head is NUMBER:HASH as "aas-hub audit head" prints it, or a file'])
  return [{ hash: hash.toLowerCase(), ...(number !== undefined && { number: Number(number) }) }]
}

async function sourceOfHub(hub: HubAddress): Promise<AuditSource> {
  // Before the entries: those that are added meanwhile come after it.
  const head = (await requestHub(hub, 'GET', '/audit/head')) as AuditHead
  return { head, entries: (after) => linesOf(hub, after), close: () => {} }
}

async function* linesOf(hub: HubAddress, after: number): AsyncGenerator<AuditEntry | undefined> {
  const { body } = await fetchHub(hub, 'GET', `/audit?format=ndjson&cursor=${after}`)
  if (body === null) return
  const input = Readable.fromWeb(body as ReadableStream)
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield parseAuditLine(line)
}
