/** Parses SHOW statements. */
import { HubError } from '../../errors.ts'
import { parseWhere } from './parse-where.ts'
import type { Limits, NameMatch, ShowStatement, Statement } from './syntax.ts'
import type { TokenReader } from './tokens.ts'

/** After the word SHOW. */
export function parseShow(reader: TokenReader, now: bigint): Statement {
  if (reader.skip('DATABASES')) return { is: 'databases' }
  if (reader.skip('RETENTION', 'POLICIES')) {
    if (reader.skip('ON')) reader.name('the name of a database')
    return { is: 'retention policies' }
  }
  for (const [words, columns] of EMPTY_LISTS) if (reader.skip(...words)) return { is: 'nothing', columns }
  for (const [words, is] of LISTS) {
    if (!reader.skip(...words)) continue
    if (reader.peek().text.toUpperCase() === 'CARDINALITY') break
    return parseList(reader, is, now)
  }
  throw new HubError('BadRequest', [
    `SHOW ${reader.peek().text.slice(0, 60)} is not answered; SHOW lists DATABASES, RETENTION POLICIES, MEASUREMENTS, FIELD KEYS, TAG KEYS, TAG VALUES and SERIES`
  ])
}

const LISTS: readonly (readonly [readonly string[], ShowStatement['is']])[] = [
  [['MEASUREMENTS'], 'measurements'],
  [['FIELD', 'KEYS'], 'field keys'],
  [['TAG', 'KEYS'], 'tag keys'],
  [['TAG', 'VALUES'], 'tag values'],
  [['SERIES'], 'series']
]

const EMPTY_LISTS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['USERS'], ['user', 'admin']],
  [
    ['CONTINUOUS', 'QUERIES'],
    ['name', 'query']
  ],
  [['SUBSCRIPTIONS'], ['retention_policy', 'name', 'mode', 'destinations']]
]

function parseList(reader: TokenReader, is: ShowStatement['is'], now: bigint): ShowStatement {
  if (reader.skip('ON')) reader.name('the name of a database')
  const from: NameMatch[] = []
  if (is === 'measurements') {
    if (reader.skip('WITH', 'MEASUREMENT')) from.push(parseMatch(reader, 'a measurement'))
  } else if (reader.skip('FROM')) from.push(...parseFrom(reader))
  const keys = is === 'tag values' ? parseKeys(reader) : []
  // When the values are from makes no difference to what there is.
  const { where } = reader.skip('WHERE') ? parseWhere(reader, { now }) : {}
  if (reader.skip('ORDER'))
    throw new HubError('BadRequest', ['Lists come in the order of their names; ORDER BY is for SELECT'])
  return { is, from, keys, ...(where !== undefined && { where }), limits: parseLimits(reader, 'LIMIT', 'OFFSET') }
}

function parseKeys(reader: TokenReader): NameMatch[] {
  reader.expectWord('WITH')
  reader.expectWord('KEY')
  if (!reader.skip('IN')) return [parseMatch(reader, 'a tag')]
  reader.expectSign('(')
  const keys: NameMatch[] = []
  do keys.push({ name: reader.name('a tag') })
  while (reader.skipSign(','))
  reader.expectSign(')')
  return keys
}

/** `= "name"`, `!= "name"`, `=~ /pattern/` or `!~ /pattern/`. */
function parseMatch(reader: TokenReader, what: string): NameMatch {
  const sign = reader.next()
  const negated = sign.text.startsWith('!') && { negated: true as const }
  if (sign.text === '=' || sign.text === '!=') {
    if (!(what === 'a measurement')) return { name: reader.name(what), ...negated }
    const [match = { name: '' }] = parseFrom(reader)
    return { ...match, ...negated }
  }
  if (sign.text !== '=~' && sign.text !== '!~') throw reader.unexpected(`=, !=, =~ or !~ and ${what}`, sign)
  const pattern = reader.pattern()
  if (pattern === undefined) throw reader.unexpected('an expression such as /.*/')
  return { pattern, ...negated }
}

/** Measurements; database and retention policy before them may have any name. */
export function parseFrom(reader: TokenReader): NameMatch[] {
  const from: NameMatch[] = []
  do {
    if (reader.peek().text === '(') {
      throw new HubError('BadRequest', ['SELECT from a subquery is not answered; select from a measurement'])
    }
    from.push(parseMeasurement(reader))
  } while (reader.skipSign(','))
  return from
}

function parseMeasurement(reader: TokenReader): NameMatch {
  for (let step = 0; ; step++) {
    const pattern = reader.pattern()
    if (pattern !== undefined) return { pattern }
    const name = reader.name('a measurement')
    // `db..measurement` leaves out the retention policy.
    if (step === 2 || !reader.skipSign('.')) return { name }
    if (reader.skipSign('.')) step++
  }
}

/** Names separated by dots. */
export function parseNames(reader: TokenReader, what: string): string {
  const names = [reader.name(what)]
  while (reader.skipSign('.')) names.push(reader.name(what))
  return names.join('.')
}

export function parseLimits(reader: TokenReader, limitWord: string, offsetWord: string): Limits {
  const limit = reader.skip(limitWord) ? parseCount(reader, limitWord) : undefined
  const offset = reader.skip(offsetWord) ? parseCount(reader, offsetWord) : 0
  // LIMIT 0 means no limit.
  return { offset, ...(limit !== undefined && limit > 0 && { limit }) }
}

function parseCount(reader: TokenReader, word: string): number {
  const { is, text } = reader.peek()
  if (is !== 'number' || !/^\d{1,15}$/.test(text)) throw reader.unexpected(`a whole number after ${word}`)
  reader.next()
  return Number(text)
}
