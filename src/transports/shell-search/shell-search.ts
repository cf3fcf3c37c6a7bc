/** `GET /shell-search`: shells by a text. */
import type { FastifyInstance } from 'fastify'
import { HubError } from '../../errors.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { paged, pageTime, parseCursor, toCursor } from '../../operations/paging.ts'
import { searchShells } from '../../operations/shell-search/search-shells.ts'
import { SEARCHED, ShellIndex } from '../../operations/shell-search/shell-index.ts'
import { ReadingView } from '../../security/reading-view.ts'
import type { Store } from '../../store/store.ts'
import { serve } from '../http/extension-endpoint.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import { refuseUnknown } from '../timeseries/table-query.ts'
import { shellSearchEndpoint, shellSearchParameters } from './endpoint.ts'

export interface ShellSearchOptions {
  readonly hub: OperationContext
  /** The store itself, for the index: what is found is read as the caller may see it. */
  readonly store: Store
  readonly defaultLimit: number
  readonly maxLimit: number
}

export async function shellSearch(app: FastifyInstance, options: ShellSearchOptions): Promise<void> {
  const { hub, store, defaultLimit, maxLimit } = options
  const index = new ShellIndex(store, hub.ingest.clock)
  serve(app, '', shellSearchEndpoint, {
    get: ({ reply, access, params, query }) => {
      refuseUnknown(params, shellSearchParameters)
      const { text, in: fields = SEARCHED, limit = defaultLimit, cursor } = query()
      if (text === undefined) throw new HubError('BadRequest', ['The parameter "text" says what to search for'])
      const shown = access === undefined ? hub.store : new ReadingView(hub.readsOf(access), access, 'READ')
      const page = {
        after: parseCursor(cursor) ?? 0,
        limit: Math.min(limit, maxLimit),
        timeMs: hub.queryTimeMs,
        isOver: pageTime(hub)
      }
      return withSlices(reply, async (slice) => {
        const { shells, next } = await searchShells(shown, index, { text, fields, ...page }, slice)
        const bytes = shells.map((shell) => shell.bytes)
        reply.header('cache-control', 'no-store').type('application/json')
        return reply.send(paged(bytes, next === undefined ? undefined : toCursor(next)).bytes)
      })
    }
  })
}
