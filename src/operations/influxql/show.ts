/** Answers SHOW: which measurements, fields and tags the caller may read. Only what has samples is listed. */
import { escaped, type ResultRow, type ResultSeries } from '../../formats/influxql/results.ts'
import type { ShowStatement } from '../../formats/influxql/syntax.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { plainVariable, type Variable } from '../history/variables.ts'
import { hasFields, type InfluxSources, measuredFields, measuredSubmodels, requireFew } from './measurements.ts'
import { matchesAny, requireTags, TAGS } from './tags.ts'

/** Entries of a list, which is held in memory. */
const MAX_ENTRIES = 100_000

export async function shownSeries(
  sources: InfluxSources,
  statement: ShowStatement,
  slice: TimeSlice
): Promise<readonly ResultSeries[]> {
  requireTags(statement.where)
  const { offset, limit = Number.POSITIVE_INFINITY } = statement.limits
  const cut = (rows: readonly ResultRow[]) => rows.slice(offset, offset + limit)
  switch (statement.is) {
    case 'measurements': {
      const names = await measurementsOf(sources, statement, slice)
      const rows = names.map((name) => [name])
      return listed([{ name: 'measurements', columns: ['name'], rows: cut(rows) }])
    }
    case 'field keys': {
      const types = await fieldTypesOf(sources, statement, slice)
      const series = [...types].map(([name, fields]) => {
        const rows = [...fields].sort(byFirst).map(([path, type]) => [path, TYPES[type]])
        return { name, columns: ['fieldKey', 'fieldType'], rows: cut(rows) }
      })
      return listed(series)
    }
    case 'tag keys':
    case 'tag values':
      return listed(await tagSeries(sources, statement, slice, cut))
    case 'series': {
      const keys: ResultRow[] = []
      for await (const { measurement, tags, submodel } of measuredSubmodels(
        sources,
        { ...statement, isList: true },
        slice
      )) {
        if (!(await hasFields(sources, submodel, slice))) continue
        const pairs = TAGS.flatMap((tag) => (tags[tag] === '' ? [] : `,${tag}=${escaped(tags[tag])}`))
        keys.push([escaped(measurement) + pairs.join('')])
        requireFew(keys.length, MAX_ENTRIES, 'series')
      }
      return listed([{ columns: ['key'], rows: cut(keys.sort(byFirst)) }])
    }
  }
}

/** Types of InfluxDB. */
const TYPES: Readonly<Record<Variable['type'], string>> = {
  number: 'float',
  integer: 'integer',
  boolean: 'boolean',
  text: 'string',
  time: 'string'
}

interface ListedSeries extends Omit<ResultSeries, 'rows'> {
  readonly rows: readonly ResultRow[]
}

/** In the order of the names; without those that have no rows. */
function listed(series: readonly ListedSeries[]): ResultSeries[] {
  return series
    .filter(({ rows }) => rows.length > 0)
    .sort(({ name: one = '' }, { name: other = '' }) => (one < other ? -1 : 1))
    .map(({ rows, ...head }) => ({ ...head, rows: [rows] }))
}

async function measurementsOf(sources: InfluxSources, statement: ShowStatement, slice: TimeSlice): Promise<string[]> {
  const names = new Set<string>()
  for await (const { measurement, submodel } of measuredSubmodels(
    sources,
    { ...statement, isList: true, isUntagged: true },
    slice
  )) {
    if (names.has(measurement) || !(await hasFields(sources, submodel, slice))) continue
    names.add(measurement)
    requireFew(names.size, MAX_ENTRIES, 'measurements')
  }
  return [...names].sort()
}

async function fieldTypesOf(
  sources: InfluxSources,
  statement: ShowStatement,
  slice: TimeSlice
): Promise<ReadonlyMap<string, ReadonlyMap<string, Variable['type']>>> {
  const all = new Map<string, Map<string, Variable['type']>>()
  let count = 0
  for await (const { measurement, submodel } of measuredSubmodels(
    sources,
    { ...statement, isList: true, isUntagged: true },
    slice
  )) {
    for await (const { path, element } of measuredFields(sources, submodel, slice)) {
      const fields = all.get(measurement) ?? new Map<string, Variable['type']>()
      if (!fields.has(path)) requireFew(++count, MAX_ENTRIES, 'fields')
      all.set(measurement, fields.set(path, plainVariable(submodel.id, path, element).type))
    }
  }
  return all
}

/** A series for each measurement: the tags that its submodels have, or their values. */
async function tagSeries(
  sources: InfluxSources,
  statement: ShowStatement,
  slice: TimeSlice,
  cut: (rows: readonly ResultRow[]) => readonly ResultRow[]
): Promise<ListedSeries[]> {
  const isOfKeys = statement.is === 'tag keys'
  const keys = isOfKeys ? TAGS : TAGS.filter((tag) => matchesAny(statement.keys, tag))
  const all = new Map<string, Map<string, ResultRow>>()
  let count = 0
  if (keys.length === 0) return []
  for await (const { measurement, tags, submodel } of measuredSubmodels(
    sources,
    { ...statement, isList: true },
    slice
  )) {
    if (!(await hasFields(sources, submodel, slice))) continue
    const rows = all.get(measurement) ?? new Map<string, ResultRow>()
    all.set(measurement, rows)
    for (const key of keys) {
      if (tags[key] === '') continue
      const row = isOfKeys ? [key] : [key, tags[key]]
      const name = row.join('\n')
      if (!rows.has(name)) requireFew(++count, MAX_ENTRIES, 'tags')
      rows.set(name, row)
    }
  }
  const columns = isOfKeys ? ['tagKey'] : ['key', 'value']
  return [...all].map(([name, rows]) => ({ name, columns, rows: cut([...rows].sort(byFirst).map(([, row]) => row)) }))
}

function byFirst([one]: readonly unknown[], [other]: readonly unknown[]): number {
  return String(one) < String(other) ? -1 : 1
}
