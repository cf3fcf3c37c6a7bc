/** `GET /audit`: entries of the audit, as pages or as one stream of lines. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type AuditQuery, auditLine, searchAudit } from '../../security/audit-search.ts'
import type { Store } from '../../store/store.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { sendInSlices, withSlices } from '../timeseries/sliced-response.ts'
import { auditEndpoints } from './endpoint.ts'

export interface AuditRoutesOptions {
  readonly store: Pick<Store, 'audit' | 'auditHead'>
  readonly apiPrefix: string
  readonly defaultLimit: number
  readonly maxLimit: number
}

/** Entries that are encoded together. */
const ENTRIES_PER_PART = 500

export async function audit(app: FastifyInstance, options: AuditRoutesOptions): Promise<void> {
  const { store, apiPrefix } = options
  serve(app, apiPrefix, auditEndpoints.entries, { get: (received) => sendEntries(options, received) })
  serve(app, apiPrefix, auditEndpoints.head, {
    get: ({ reply }) => {
      reply.header('cache-control', 'no-store')
      return store.auditHead()
    }
  })
}

function sendEntries(
  { store, defaultLimit, maxLimit }: AuditRoutesOptions,
  { reply, query }: EndpointRequest<(typeof auditEndpoints)['entries']['get']>
): Promise<FastifyReply> {
  const { format = 'json', limit, cursor = 0, ...filter } = query()
  const wanted = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as AuditQuery
  return withSlices(reply, async (slice) => {
    reply.header('cache-control', 'no-store')
    if (format === 'ndjson') {
      const lines = linesOf(store, wanted, { after: cursor, limit: limit ?? Number.POSITIVE_INFINITY }, slice)
      return sendInSlices(reply.type('application/x-ndjson'), lines, slice)
    }
    const page = { after: cursor, limit: Math.min(limit ?? defaultLimit, maxLimit) }
    const { entries, next } = await searchAudit(store, wanted, page, slice)
    const metadata = JSON.stringify(next === undefined ? {} : { cursor: String(next) })
    const body = `{"paging_metadata":${metadata},"result":[${entries.map(auditLine).join()}]}`
    return reply.type('application/json').send(body)
  })
}

async function* linesOf(
  store: AuditRoutesOptions['store'],
  query: AuditQuery,
  { after, limit }: { readonly after: number; readonly limit: number },
  slice: TimeSlice
): AsyncGenerator<Uint8Array> {
  let left = limit
  for (let from: number | undefined = after; from !== undefined && left > 0; ) {
    const page = { after: from, limit: Math.min(left, ENTRIES_PER_PART) }
    const { entries, next } = await searchAudit(store, query, page, slice)
    left -= entries.length
    if (entries.length > 0) yield Buffer.from(entries.map((entry) => `${auditLine(entry)}\n`).join(''))
    from = next
  }
}
