/** `export_link`: where a program downloads all of it, so that it need not pass through the agent. */
import { z } from 'zod'
import { queryText, submodelPath, Unanswerable } from '../hub/requests.ts'
import { select } from '../hub/selection.ts'
import { nowIn, periodOf } from '../hub/times.ts'
import { seriesQuery } from './series-list.ts'
import { periodQuery } from './series-samples.ts'
import { language, period, selection, tool } from './tool.ts'

const formats = ['csv', 'parquet', 'arrow', 'json', 'ndjson'] as const

export const exportLink = tool({
  name: 'export_link',
  title: 'Link to the whole data',
  description:
    '`table`: samples, or values per interval, as CSV, Parquet, Arrow, JSON. `dataset`: an archive with table, dictionary and guidebook. `package`: the machines as AASX. `chart`: the page with values and charts. The link needs the credentials of the caller.',
  input: z.strictObject({
    kind: z.enum(['table', 'dataset', 'package', 'chart']).default('table'),
    ...{ ...selection, ...period },
    format: z.enum(formats).default('csv').describe('Of a table; a dataset has csv or parquet'),
    interval: z.string().max(40).optional().describe('e.g. 1m: a row for each, else each sample'),
    align: z.enum(['previous', 'linear']).optional().describe('Of values per interval; absent: mean'),
    language
  }),
  run: async ({ hub, clock }, { kind, from, to, timezone, format, interval, align, language, ...wanted }) => {
    const { url, apiPrefix } = hub.port
    const selected = await select(hub, wanted)
    const { submodels, shells } = selected
    if (kind === 'package') {
      const query = { aasIds: shells.map(({ id }) => encode(id)), submodelIds: submodels.map(encode) }
      if (submodels.length === 0 && shells.length === 0)
        throw new Unanswerable('Name the "machine" that the package is of')
      return { url: `${url}${apiPrefix}/serialization${queryText(query)}`, accept: AASX, method: 'GET' }
    }
    if (kind === 'chart') {
      const [only] = submodels
      if (only === undefined) throw new Unanswerable('Name the "machine" or "submodel" of the chart')
      await hub.api(submodelPath(only, '/$metadata'))
      return {
        url: `${url}/#/plant?${new URLSearchParams({ submodel: only, ...(wanted.path?.[0] && { path: wanted.path[0] }) })}`
      }
    }
    if (kind === 'dataset' && format !== 'csv' && format !== 'parquet')
      throw new Unanswerable('A dataset has the format csv or parquet')
    const times = periodQuery(periodOf(from, to, nowIn(clock.milliseconds(), timezone)))
    const shape =
      interval === undefined ? {} : { interval, ...(align === undefined ? { aggregate: 'mean' } : { align }) }
    const query = queryText({ ...seriesQuery(selected), ...times, timezone, language, ...shape, format })
    // Tried first: a link that is refused helps as little as one to nothing.
    await hub.get('/series', seriesQuery(selected))
    return { url: `${url}/${kind === 'dataset' ? 'dataset' : 'timeseries'}${query}`, method: 'GET' }
  }
})

const AASX = 'application/asset-administration-shell-package+xml'

function encode(id: string): string {
  return Buffer.from(id).toString('base64url')
}
