/** Values of a document quoted in messages. */
import { Literal } from './literal.ts'

/** Quotes a text for a message, shortened if it is long. */
export function quote(text: string): string {
  // Do not split a surrogate pair.
  const cut = text.length > 80 ? `${text.slice(0, 77).replace(/[\ud800-\udbff]$/, '')}…` : text
  return JSON.stringify(cut.toWellFormed())
}

const MAX_EXCERPT = 60

/** Any value for a message, shortened if it is long. */
export function excerptOf(value: unknown): string {
  if (value === undefined) return 'none'
  const isPlain = value instanceof Literal || typeof value === 'number' || typeof value === 'bigint'
  const text = isPlain ? String(value) : JSON.stringify(value, withoutBigint)
  return (text ?? typeof value).slice(0, MAX_EXCERPT).toWellFormed()
}

function withoutBigint(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
