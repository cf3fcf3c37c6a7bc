/** Parses SELECT statements. */
import { HubError } from '../../errors.ts'
import { timeZone } from '../../model/time-zone.ts'
import { parseFrom, parseLimits, parseNames } from './parse-show.ts'
import { boundsOf, parseWhere } from './parse-where.ts'
import type {
  Call,
  ColumnReference,
  Expression,
  Fill,
  GroupBy,
  NameMatch,
  SelectField,
  SelectStatement
} from './syntax.ts'
import type { TokenReader } from './tokens.ts'

const MAX_FIELDS = 200
/** Functions within one another. */
const MAX_DEPTH = 3

/** After the word SELECT. */
export function parseSelect(reader: TokenReader, now: bigint): SelectStatement {
  const fields: SelectField[] = []
  do {
    if (fields.length === MAX_FIELDS) throw new HubError('BadRequest', [`SELECT has at most ${MAX_FIELDS} columns`])
    fields.push(parseField(reader))
  } while (reader.skipSign(','))
  if (reader.skip('INTO')) throw new HubError('BadRequest', ['SELECT INTO is not answered: a query writes nothing'])
  reader.expectWord('FROM')
  const from = parseFrom(reader)
  const condition = reader.skip('WHERE') ? parseWhere(reader, { now }) : { bounds: [] }
  const groupBy = reader.skip('GROUP', 'BY') ? parseGroupBy(reader, now) : { tags: [], allTags: false }
  const fill = reader.skip('FILL') ? parseFill(reader) : 'null'
  const descending = reader.skip('ORDER', 'BY') && parseOrder(reader)
  const limits = parseLimits(reader, 'LIMIT', 'OFFSET')
  const seriesLimits = parseLimits(reader, 'SLIMIT', 'SOFFSET')
  const zone = reader.skip('TZ') ? parseZone(reader) : undefined
  const { where } = condition
  return {
    ...{ is: 'select', fields, from, groupBy, fill, descending, limits, seriesLimits },
    ...(where !== undefined && { where }),
    ...(zone !== undefined && { zone }),
    ...boundsOf(condition, zone === undefined ? undefined : timeZone(zone))
  }
}

function parseField(reader: TokenReader): SelectField {
  const expression = parseExpression(reader, 0)
  refuseMath(reader)
  return { expression, ...(reader.skip('AS') && { alias: reader.name('the name of a column') }) }
}

function parseExpression(reader: TokenReader, depth: number): Expression {
  const { is, text } = reader.peek()
  if (is === 'number' || is === 'duration' || text === '(' || text === '-') refuseMath(reader, true)
  if (reader.skipSign('*')) {
    const of = parseKind(reader)
    return { is: 'all', ...(of !== undefined && { of }) }
  }
  const pattern = reader.pattern()
  if (pattern !== undefined) return { is: 'pattern', pattern }
  // SELECT DISTINCT value is distinct(value).
  const isQuoted = is === 'name'
  const name = parseNames(reader, 'a field or a function')
  if (!isQuoted && reader.skipSign('(')) return parseCall(reader, name.toLowerCase(), depth)
  const next = reader.peek()
  if (
    !isQuoted &&
    name.toLowerCase() === 'distinct' &&
    (next.is === 'name' || next.is === 'word') &&
    next.text.toUpperCase() !== 'FROM'
  ) {
    return { is: 'call', name: 'distinct', argument: parseReference(reader), options: [] }
  }
  const of = parseKind(reader)
  return { is: 'name', name, ...(of !== undefined && { of }) }
}

function parseReference(reader: TokenReader): ColumnReference {
  const name = parseNames(reader, 'a field')
  return { is: 'name', name }
}

/** `::field`, `::tag`, or a type, which is that of a field. */
function parseKind(reader: TokenReader): 'field' | 'tag' | undefined {
  if (!reader.skipSign('::')) return undefined
  return reader.name('field or tag').toLowerCase() === 'tag' ? 'tag' : 'field'
}

/** After the opening bracket. */
function parseCall(reader: TokenReader, name: string, depth: number): Call {
  if (depth === MAX_DEPTH) throw new HubError('BadRequest', ['Functions lie at most three deep'])
  const argument = parseExpression(reader, depth + 1)
  refuseMath(reader)
  const options: (number | bigint)[] = []
  while (reader.skipSign(',')) {
    const option = reader.next()
    if (option.is !== 'number' && option.is !== 'duration')
      throw reader.unexpected('a number or a duration in the function', option)
    options.push(option.value)
  }
  reader.expectSign(')')
  return { is: 'call', name, argument, options }
}

function refuseMath(reader: TokenReader, isCertain = false): void {
  const { is, text } = reader.peek()
  if (!isCertain && !(is === 'sign' && '+-*/%&|^'.includes(text))) return
  throw new HubError('BadRequest', [
    `Math in SELECT is not answered (at "${text}"); Grafana computes with the transformation "Add field from calculation", or by an expression`
  ])
}

function parseGroupBy(reader: TokenReader, now: bigint): GroupBy {
  const tags: NameMatch[] = []
  let interval: GroupBy['interval']
  let allTags = false
  do {
    const pattern = reader.pattern()
    if (pattern !== undefined) tags.push({ pattern })
    else if (reader.skipSign('*')) {
      parseKind(reader)
      allTags = true
    } else {
      const isQuoted = reader.peek().is === 'name'
      const name = reader.name('a tag or time()')
      if (!isQuoted && name.toLowerCase() === 'time' && reader.skipSign('(')) {
        if (interval !== undefined) throw new HubError('BadRequest', ['GROUP BY has one time()'])
        interval = parseTimeInterval(reader, now)
      } else {
        if (parseKind(reader) === 'field')
          throw new HubError('BadRequest', [`"${name}" is a field; GROUP BY takes tags and time()`])
        tags.push({ name })
      }
    }
  } while (reader.skipSign(','))
  return { tags, allTags, ...(interval !== undefined && { interval }) }
}

/** After `time(`. */
function parseTimeInterval(reader: TokenReader, now: bigint): NonNullable<GroupBy['interval']> {
  const width = reader.next()
  if (width.is !== 'duration' || width.value <= 0n) throw reader.unexpected('a duration such as 10s in time()', width)
  let offset = 0n
  if (reader.skipSign(',')) {
    const isNegative = reader.skipSign('-')
    const shift = reader.next()
    if (shift.is === 'word' && shift.text.toLowerCase() === 'now') {
      reader.expectSign('(')
      reader.expectSign(')')
      offset = now
    } else if (shift.is === 'duration') offset = isNegative ? -shift.value : shift.value
    else throw reader.unexpected('a duration such as 5m, by which time() is shifted', shift)
  }
  reader.expectSign(')')
  return { width: width.value, offset: offset % width.value }
}

function parseFill(reader: TokenReader): Fill {
  reader.expectSign('(')
  const isNegative = reader.skipSign('-')
  const value = reader.next()
  const { is, text } = value
  const word = text.toLowerCase()
  if (is === 'number') {
    reader.expectSign(')')
    return isNegative ? -Number(text) : Number(text)
  }
  if (word !== 'null' && word !== 'none' && word !== 'previous' && word !== 'linear') {
    throw reader.unexpected('null, none, previous, linear or a number in fill()', value)
  }
  reader.expectSign(')')
  return word
}

/** Is it descending? */
function parseOrder(reader: TokenReader): boolean {
  const name = reader.name('time')
  if (name.toLowerCase() !== 'time') {
    throw new HubError('BadRequest', [`ORDER BY "${name.slice(0, 60)}" is not answered; rows are ordered by time`])
  }
  if (reader.skip('DESC')) return true
  reader.skip('ASC')
  return false
}

function parseZone(reader: TokenReader): string {
  reader.expectSign('(')
  const { is, text } = reader.next()
  if (is !== 'text' || timeZone(text) === undefined) {
    throw new HubError('BadRequest', [
      `tz() takes the name of a time zone such as 'Asia/Seoul'; found "${text.slice(0, 60)}"`
    ])
  }
  reader.expectSign(')')
  return text
}
