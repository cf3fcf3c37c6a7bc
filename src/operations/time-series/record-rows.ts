/** Joins the samples of several variables by time: a row holds the values of one point in time. */
import { HubError } from '../../errors.ts'
import { lengthOf, type Run, textAt, timeAt } from '../../model/samples.ts'
import { earlier, later } from '../../model/time.ts'
import type { History } from '../history/history.ts'
import type { RecordVariable } from './series.ts'

/** What reading records needs of the history. */
export type HistoryReader = Pick<History, 'read' | 'pieces' | 'latest' | 'spanOf'>

export interface RecordRow {
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** In the order of the variables; undefined for those without a sample at this time. */
  readonly values: readonly (string | undefined)[]
}

/** The latest rows, oldest first. */
export async function latestRows(
  history: HistoryReader,
  variables: readonly RecordVariable[],
  count: number
): Promise<RecordRow[]> {
  const runs = await Promise.all(variables.map(({ series }) => history.latest(series, count)))
  // The latest `count` rows hold only values that are among the latest `count` samples of their variable.
  return rowsOf(runs).slice(-count)
}

/**
 * All rows of a time span (inclusive), oldest first.
 * @throws HubError `BadRequest` if there are more than `limit`
 */
export async function rowsBetween(
  history: HistoryReader,
  variables: readonly RecordVariable[],
  span: TimeSpan,
  limit: number
): Promise<RecordRow[]> {
  const all = await Promise.all(
    variables.map(async ({ series }) => {
      const runs: Run[] = []
      let count = 0
      for await (const run of history.read(series, span.from, span.to)) {
        runs.push(run)
        count += lengthOf(run)
        if (count > limit) throw tooManyRecords(limit)
      }
      return runs
    })
  )
  const rows = rowsOf(all)
  if (rows.length > limit) throw tooManyRecords(limit)
  return rows
}

/** Nanoseconds since 1970, inclusive. */
export interface TimeSpan {
  readonly from: bigint
  readonly to: bigint
}

/** From the first sample of any variable to the last; undefined if there are none. */
export async function spanOfVariables(
  history: HistoryReader,
  variables: readonly RecordVariable[]
): Promise<TimeSpan | undefined> {
  const spans = await Promise.all(variables.map(({ series }) => history.spanOf(series)))
  let whole: TimeSpan | undefined
  for (const span of spans) {
    if (span === undefined) continue
    const { from, to } = span
    whole = whole === undefined ? { from, to } : { from: earlier(whole.from, from), to: later(whole.to, to) }
  }
  return whole
}

/** @param all the runs of each variable */
function rowsOf(all: readonly (readonly Run[])[]): RecordRow[] {
  const byTime = new Map<bigint, (string | undefined)[]>()
  for (const [variable, runs] of all.entries()) {
    for (const run of runs) {
      for (let index = 0; index < lengthOf(run); index++) {
        const text = valueAt(run, index)
        if (text === undefined) continue
        const time = timeAt(run, index)
        let values = byTime.get(time)
        if (values === undefined) {
          values = new Array(all.length).fill(undefined)
          byTime.set(time, values)
        }
        values[variable] = text
      }
    }
  }
  const rows = [...byTime].map(([time, values]): RecordRow => ({ time, values }))
  return rows.sort((one, other) => (one.time < other.time ? -1 : 1))
}

/** The value of a Property; undefined for other elements, which a record cannot hold. */
function valueAt(run: Run, index: number): string | undefined {
  const text = textAt(run, index)
  if (run.form !== 'members') return text
  const { value } = JSON.parse(text) as { value?: unknown }
  return typeof value === 'string' ? value : undefined
}

function tooManyRecords(limit: number): HubError {
  const text = `There are more than ${limit} records in this span of time; ask for less of it, or read the linked segment, which has no end`
  return new HubError('BadRequest', [text])
}
