/**
 * Parses InfluxQL: the statements that Grafana's query builder and clients of InfluxDB 1.x send to read. What is left out
 * is refused by name.
 */
import { HubError } from '../../errors.ts'
import { parseSelect } from './parse-select.ts'
import { parseNames, parseShow } from './parse-show.ts'
import type { Statement } from './syntax.ts'
import { type BoundValues, TokenReader } from './tokens.ts'

export interface ParseOptions {
  /** Of `now()`, nanoseconds since 1970. */
  readonly now: bigint
  readonly bound?: BoundValues
}

const MAX_LENGTH = 64 * 1024
const MAX_STATEMENTS = 100

/** @throws HubError `BadRequest` that names what is wrong, and where */
export function parseInfluxQl(text: string, { now, bound }: ParseOptions): readonly Statement[] {
  if (text.length > MAX_LENGTH) throw new HubError('BadRequest', [`A query has at most ${MAX_LENGTH} characters`])
  const reader = new TokenReader(text, bound)
  const statements: Statement[] = []
  while (reader.peek().is !== 'end') {
    if (reader.skipSign(';')) continue
    if (statements.length === MAX_STATEMENTS) {
      throw new HubError('BadRequest', [`A query has at most ${MAX_STATEMENTS} statements`])
    }
    statements.push(parseStatement(reader, now))
    const { is, text: sign } = reader.peek()
    if (is !== 'end' && sign !== ';') throw reader.unexpected('";" or the end')
  }
  if (statements.length === 0) throw new HubError('BadRequest', ['missing required parameter "q"'])
  return statements
}

function parseStatement(reader: TokenReader, now: bigint): Statement {
  if (reader.skip('SELECT')) return parseSelect(reader, now)
  if (reader.skip('SHOW')) return parseShow(reader, now)
  if (reader.skip('CREATE', 'DATABASE') || reader.skip('CREATE', 'RETENTION', 'POLICY')) return parseCreation(reader)
  const { is, text } = reader.peek()
  if (is === 'word' && OTHERS.has(text.toUpperCase())) {
    throw new HubError('BadRequest', [
      `${text.toUpperCase()} is not answered: the hub reads by SELECT and SHOW, and is written to by /write and by the AAS API`
    ])
  }
  throw reader.unexpected('SELECT or SHOW')
}

/** Statements of InfluxDB that change or explain something. */
const OTHERS: ReadonlySet<string> = new Set([
  ...['ALTER', 'CREATE', 'DELETE', 'DROP', 'EXPLAIN', 'GRANT', 'KILL', 'REVOKE', 'SET']
])

/** Whatever the retention is to be: that of the hub is a setting. */
function parseCreation(reader: TokenReader): Statement {
  parseNames(reader, 'the name of a database')
  for (let next = reader.peek(); next.is !== 'end' && next.text !== ';'; next = reader.peek()) reader.next()
  return { is: 'created' }
}
