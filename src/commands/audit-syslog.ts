/** Entries of the audit as syslog messages (RFC 5424). */
import { hostname } from 'node:os'
import type { AuditRecord } from '../security/audit-record.ts'
import type { AuditEntry } from '../store/audit-chain.ts'

/** [RFC 5424, 6.2.1] Facility 13: log audit. */
const FACILITY = 13
const SEVERITY = { done: 6, refused: 4 } as const

/** The enterprise number for documentation (RFC 5612), as the hub has none. */
const STRUCTURE = 'audit@32473'

const MAX_HOST = 255
const MAX_MESSAGE_ID = 32

/** Its message is the record as JSON; a receiver splits messages at the end of the line (RFC 6587, 3.4.2). */
export function syslogLine({ number, time, record, previous, hash }: AuditEntry): string {
  const { at, hub = hostname(), operation = '', outcome, ...other } = parse(record)
  const { caller, authentication, source, status, rules, subject, resources = [] } = other
  const priority = FACILITY * 8 + (outcome === 'refused' ? SEVERITY.refused : SEVERITY.done)
  const host = name(hub, MAX_HOST)
  const parameters = {
    ...{ number, caller, authentication, source, outcome, status },
    ...{ rules: rules?.join(' '), subject, resource: resources[0]?.id, previous, hash }
  }
  const data = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}="${String(value).replace(/["\\\]]/g, '\\$&')}"`)
  const moment = at ?? new Date(time).toISOString()
  const head = `<${priority}>1 ${moment} ${host} aas-hub - ${name(operation, MAX_MESSAGE_ID)}`
  // [6.4] The mark says that what follows is UTF-8.
  return `${head} [${STRUCTURE} ${data.join(' ')}] \ufeff${record.replaceAll('\n', ' ')}`
}

/** Printable ASCII without spaces, not empty. */
function name(text: string, maxLength: number): string {
  return text.replace(/[^!-~]/g, '').slice(0, maxLength) || '-'
}

/** Of a record that is damaged nothing is known. */
function parse(record: string): Partial<AuditRecord> {
  try {
    return Object(JSON.parse(record)) as Partial<AuditRecord>
  } catch {
    return {}
  }
}
