/** The table that the query of `/timeseries` or `/dataset` asks for. */
import { type RelativeTime, resolveTime } from '../../model/relative-time.ts'
import { later } from '../../model/time.ts'
import { ceilTo, timeGrid } from '../../model/time-grid.ts'
import { UTC } from '../../model/time-zone.ts'
import { AGGREGATES } from '../../operations/history/aggregate.ts'
import type { TableShape } from '../../operations/history/table-task.ts'
import type { SeriesRequest } from '../../operations/history/variables.ts'
import type { ParsedQuery } from '../http/extension-endpoint.ts'
import type { QueryParams } from '../http/parameters.ts'
import { invalid, type seriesParameters } from './parameters.ts'

export interface TableQuery {
  readonly series: SeriesRequest
  readonly shape: TableShape
}

/**
 * @param now of relative times, nanoseconds since 1970
 * @param cursor time after the page before, nanoseconds since 1970
 * @throws HubError `BadRequest` for parameters that do not go together
 */
export function tableQueryOf(query: ParsedQuery<typeof seriesParameters>, now: bigint, cursor?: bigint): TableQuery {
  const [from, to] = [absolute(query.from, now), absolute(query.to, now)]
  const { interval, timezone: zone = UTC, aggregate: aggregates = [], align = 'none' } = query
  const { submodel, path, semanticId, timeFormat = 'iso', quality = false, language } = query
  const grid = interval === undefined ? undefined : timeGrid(interval, zone)
  if (aggregates.length > 0 && grid === undefined) throw invalid('interval', 'given with "aggregate"')
  if (align !== 'none' && grid === undefined) throw invalid('interval', 'given with "align"')
  if (grid !== undefined && aggregates.length === 0 && align === 'none') {
    throw invalid('aggregate', `given with "interval": ${AGGREGATES.join(', ')}; or "align"`)
  }
  // Buckets on earlier pages are complete, so the next page begins with the next bucket.
  const next = cursor !== undefined && grid !== undefined && aggregates.length > 0 ? ceilTo(grid, cursor) : cursor
  const start = from === undefined ? next : next === undefined ? from : later(from, next)
  return {
    series: {
      submodels: submodel ?? [],
      paths: path ?? [],
      semanticIds: semanticId ?? [],
      ...(language !== undefined && { language })
    },
    shape: {
      ...(start !== undefined && { from: start }),
      ...(to !== undefined && { to }),
      ...(interval !== undefined && { interval }),
      ...{ aggregates, align, quality, timeFormat },
      zone: zone.name
    }
  }
}

function absolute(time: bigint | RelativeTime | undefined, now: bigint): bigint | undefined {
  return typeof time === 'object' ? resolveTime(time, now) : time
}

/** @param allowed in the message @throws HubError `BadRequest` for a parameter that is in neither list */
export function refuseUnknown(params: QueryParams, allowed: readonly string[], further: readonly string[] = []): void {
  for (const name of params.keys()) {
    if (!allowed.includes(name) && !further.includes(name)) throw invalid(name, `one of ${allowed.join(', ')}`)
  }
}
