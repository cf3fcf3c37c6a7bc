/** Plans a SELECT: which submodels and elements it reads, and what its columns are. */
import { HubError } from '../../errors.ts'
import type { Call, Expression, NameMatch, SelectStatement } from '../../formats/influxql/syntax.ts'
import { parseStoredPath } from '../../model/path.ts'
import type { Submodel } from '../../model/types.ts'
import { resolve } from '../../model/walk.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { plainVariable, type Variable } from '../history/variables.ts'
import { type BucketFigure, figureOf, type Transformation, takesAnyType, transformationOf } from './functions.ts'
import {
  type InfluxSources,
  type MeasuredSubmodel,
  measuredFields,
  measuredSubmodels,
  requireFew
} from './measurements.ts'
import type { GroupMember, PlannedColumn, SelectPlan, SeriesGroup } from './plan.ts'
import { isTag, matches, requireTags, TAGS, type Tags } from './tags.ts'

/** Series of elements that one statement reads. */
const MAX_SERIES = 1000
const MAX_COLUMNS = 1000

/** @param now end of the buckets of a statement without one, nanoseconds since 1970 */
export async function planSelect(
  sources: InfluxSources,
  statement: SelectStatement,
  now: bigint,
  slice: TimeSlice
): Promise<SelectPlan> {
  const { from, where, groupBy, fill, descending, limits, seriesLimits, zone = 'UTC' } = statement
  requireTags(where)
  const submodels: MeasuredSubmodel[] = []
  for await (const one of measuredSubmodels(sources, { from, ...(where !== undefined && { where }) }, slice)) {
    submodels.push(one)
    requireFew(submodels.length, MAX_SERIES, 'submodels')
  }
  const names = await namesOf(sources, statement, submodels, slice)
  const columns = new ColumnPlanner(statement, names).plan()
  const members = await Promise.all(submodels.map((one) => memberOf(sources, one, columns.fields)))
  requireFew(
    members.reduce((sum, { fields }) => sum + fields.filter((field) => field !== undefined).length, 0),
    MAX_SERIES,
    'series'
  )
  requireNumbers(columns.figures, members)
  const { after, until = groupBy.interval === undefined ? undefined : now } = statement
  return {
    ...{ columns: columns.columns, figures: columns.figures, fill, descending, limits, seriesLimits, zone },
    groups: groupsOf(statement, submodels, members),
    ...(after !== undefined && { from: after }),
    ...(until !== undefined && { to: until }),
    ...(groupBy.interval !== undefined && { interval: groupBy.interval })
  }
}

/** Names of all fields with samples, for wildcards; not looked for where none is used. */
async function namesOf(
  sources: InfluxSources,
  { fields }: SelectStatement,
  submodels: readonly MeasuredSubmodel[],
  slice: TimeSlice
): Promise<ReadonlyMap<string, Variable['type']>> {
  const found = new Map<string, Variable['type']>()
  if (!fields.some(({ expression }) => isWild(expression))) return found
  for (const { submodel } of submodels) {
    for await (const { path, element } of measuredFields(sources, submodel, slice)) {
      found.set(path, plainVariable(submodel.id, path, element).type)
    }
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function isWild(expression: Expression): boolean {
  return expression.is === 'call' ? isWild(expression.argument) : expression.is !== 'name'
}

class ColumnPlanner {
  readonly #statement: SelectStatement
  readonly #names: ReadonlyMap<string, Variable['type']>
  readonly fields: string[] = []
  readonly figures: BucketFigure[] = []
  readonly columns: PlannedColumn[] = []

  constructor(statement: SelectStatement, names: ReadonlyMap<string, Variable['type']>) {
    this.#statement = statement
    this.#names = names
  }

  plan(): this {
    const { fields, groupBy } = this.#statement
    for (const { expression, alias } of fields) {
      if (expression.is === 'call') this.#addCall(expression, alias)
      else this.#addReference(expression, alias)
      requireFew(this.columns.length, MAX_COLUMNS, 'columns')
    }
    const isOfBuckets = this.figures.length > 0
    if (isOfBuckets && fields.some(({ expression }) => !hasFigure(expression))) {
      throw new HubError('BadRequest', [
        'Fields and functions of them are not selected together; make it two statements, and GROUP BY tags that are to be seen'
      ])
    }
    if (!isOfBuckets && groupBy.interval !== undefined && this.columns.length > 0) {
      throw new HubError('BadRequest', ['GROUP BY time() requires a function such as mean()'])
    }
    if (this.figures.length > 1 && this.figures.some(({ name }) => name === 'distinct')) {
      throw new HubError('BadRequest', ['distinct() is selected alone'])
    }
    return this
  }

  #addReference(expression: Exclude<Expression, Call>, alias: string | undefined): void {
    if (expression.is === 'name') {
      const { name, of } = expression
      if (name === 'time') return
      if (of !== 'field' && isTag(name)) this.#add(alias ?? name, { is: 'tag', tag: name })
      else if (of !== 'tag') this.#add(alias ?? name, { is: 'value', index: this.#field(name) })
      return
    }
    // Fields and tags, in the order of their names; not the tags that are shown beside the rows.
    const { groupBy } = this.#statement
    const grouped = new Set(groupTags(this.#statement))
    const tags = groupBy.allTags ? [] : TAGS.filter((tag) => !grouped.has(tag))
    const of = expression.is === 'all' ? expression.of : undefined
    const names = [...(of === 'tag' ? [] : this.#names.keys()), ...(of === 'field' ? [] : tags)]
    for (const name of names.sort()) {
      if (expression.is === 'pattern' && !matches(expression, name)) continue
      if (isTag(name) && !this.#names.has(name)) this.#add(name, { is: 'tag', tag: name })
      else this.#add(name, { is: 'value', index: this.#field(name) })
    }
  }

  #addCall(call: Call, alias: string | undefined): void {
    const { groupBy } = this.#statement
    const inner = call.argument
    const transformation = transformationOf(call, inner.is === 'call' ? groupBy.interval?.width : undefined)
    if (transformation !== undefined && inner.is === 'call') {
      if (groupBy.interval === undefined) {
        throw new HubError('BadRequest', [`${call.name}() of a function requires GROUP BY time()`])
      }
      this.#addFigures(inner, alias ?? call.name, transformation)
    } else if (transformation === undefined) this.#addFigures(call, alias ?? call.name)
    else {
      if (inner.is === 'call') return
      for (const [name, suffix] of this.#namesOf(inner, true)) {
        this.#add((alias ?? call.name) + suffix, { is: 'value', index: this.#field(name), transformation })
      }
    }
  }

  #addFigures(call: Call, columnName: string, transformation?: Transformation): void {
    const { argument } = call
    const isDistinct = call.name === 'count' && argument.is === 'call' && argument.name === 'distinct'
    const of = isDistinct ? argument.argument : argument
    if (of.is === 'call') throw new HubError('BadRequest', [`${call.name}() of ${of.name}() is not answered`])
    const anyType = takesAnyType(figureOf(call, 0).name)
    for (const [name, suffix] of this.#namesOf(of, !anyType)) {
      const figure = figureOf(call, this.#field(name))
      const known = this.figures.findIndex((one) => isSame(one, figure))
      const index = known < 0 ? this.figures.push(figure) - 1 : known
      this.#add(columnName + suffix, { is: 'value', index, ...(transformation !== undefined && { transformation }) })
    }
  }

  /** The fields that a function is of, each with the end of the column's name. */
  #namesOf(reference: Exclude<Expression, Call>, onlyNumbers: boolean): (readonly [name: string, suffix: string])[] {
    if (reference.is === 'name') return [[reference.name, '']]
    const names = [...this.#names].filter(([, type]) => !onlyNumbers || type === 'number' || type === 'integer')
    return names
      .filter(([name]) => reference.is === 'all' || matches(reference, name))
      .map(([name]) => [name, `_${name}`] as const)
  }

  #field(name: string): number {
    const known = this.fields.indexOf(name)
    return known < 0 ? this.fields.push(name) - 1 : known
  }

  /** A name that is taken gets a number. */
  #add(name: string, column: DistributedOmit<PlannedColumn, 'name'>): void {
    let free = name
    for (let count = 1; this.columns.some((one) => one.name === free); count++) free = `${name}_${count}`
    this.columns.push({ ...column, name: free })
  }
}

type DistributedOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never

function isSame(one: BucketFigure, other: BucketFigure): boolean {
  return one.name === other.name && one.field === other.field && one.option === other.option
}

/** Is it of buckets? */
function hasFigure(expression: Expression): boolean {
  if (expression.is !== 'call') return false
  return transformationOf(expression, undefined) === undefined || expression.argument.is === 'call'
}

async function memberOf(
  { history }: InfluxSources,
  { submodel, tags }: MeasuredSubmodel,
  names: readonly string[]
): Promise<GroupMember> {
  const fields = names.map(async (name): Promise<Variable | undefined> => {
    const element = elementAt(submodel, name)
    if (element !== undefined) return { ...plainVariable(submodel.id, name, element), name }
    // Of a deleted element the history remains.
    const series = { submodel: submodel.id, path: name }
    const isKept = (await history.spanOf(series)) !== undefined
    return isKept ? { ...series, name, type: 'text', modelType: 'Property' } : undefined
  })
  return { tags, fields: await Promise.all(fields) }
}

function elementAt(submodel: Submodel, path: string) {
  const steps = parseStoredPath(path)
  return steps && resolve(submodel, steps)
}

/** @throws HubError `BadRequest` for a number asked of what is a text */
function requireNumbers(figures: readonly BucketFigure[], members: readonly GroupMember[]): void {
  for (const { name, field } of figures) {
    if (takesAnyType(name)) continue
    for (const { fields } of members) {
      const variable = fields[field]
      if (variable?.valueType === undefined || variable.type === 'number' || variable.type === 'integer') continue
      throw new HubError('BadRequest', [
        `${name}() is of numbers; "${variable.name}" is of the type ${variable.valueType}. Of texts and booleans there are count, first, last, mode and distinct`
      ])
    }
  }
}

/** The tags that a statement is grouped by, in the order of their names. */
function groupTags({ groupBy: { tags, allTags } }: SelectStatement): string[] {
  const named = tags.flatMap((match: NameMatch) =>
    'name' in match ? [match.name] : TAGS.filter((tag) => matches(match, tag))
  )
  return [...new Set(allTags ? [...TAGS, ...named] : named)].sort()
}

function groupsOf(
  statement: SelectStatement,
  submodels: readonly MeasuredSubmodel[],
  members: readonly GroupMember[]
): SeriesGroup[] {
  const names = groupTags(statement)
  const groups = new Map<string, SeriesGroup & { members: GroupMember[] }>()
  for (const [index, { measurement, tags }] of submodels.entries()) {
    const member = members[index]
    if (member === undefined || member.fields.every((field) => field === undefined)) continue
    const values = names.map((name) => (isTag(name) ? tags[name] : ''))
    const key = JSON.stringify([measurement, ...values])
    const known = groups.get(key)
    if (known !== undefined) known.members.push(member)
    else {
      const grouped = Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
      groups.set(key, { measurement, ...(names.length > 0 && { tags: grouped }), members: [member] })
    }
  }
  const order = [...groups].sort(([, one], [, other]) => compareGroups(one, other))
  return order.map(([, group]) => group)
}

function compareGroups(one: SeriesGroup, other: SeriesGroup): number {
  if (one.measurement !== other.measurement) return one.measurement < other.measurement ? -1 : 1
  for (const [name, value] of Object.entries(one.tags ?? {}) as [keyof Tags, string][]) {
    const against = other.tags?.[name] ?? ''
    if (value !== against) return value < against ? -1 : 1
  }
  return 0
}
