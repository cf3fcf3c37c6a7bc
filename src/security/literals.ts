/** The two generations of literals in access rules: `$sm("id")` of release 3.1, `(Submodel)id` of 3.0. */
import { formatPath, type Step } from '../model/path.ts'

export interface Keys {
  /** Class of the first key, as written. */
  readonly kind: string
  /** `*` for any. */
  readonly id: string
  /** idShortPath of the further keys; empty without any. */
  readonly path: string
}

/** `(Submodel)https://s1.example, (SubmodelElementList)l, (Property)0`: a reference as text (Part 1). */
export function parseKeys(text: string): Keys | undefined {
  const keys = text.split(/\s*,\s*(?=\([A-Za-z]+\))/).map((key) => /^\(([A-Za-z]+)\)(.+)$/s.exec(key.trim()))
  const [first, ...further] = keys
  const [, kind, id] = first ?? []
  if (kind === undefined || id === undefined || further.some((key) => key === null)) return undefined
  let inList = false
  const steps = further.map((key): Step => {
    const [, type, value = ''] = key ?? []
    const step = inList && /^[0-9]+$/.test(value) ? Number(value) : value
    inList = type === 'SubmodelElementList'
    return step
  })
  return { kind, id, path: formatPath(steps) }
}

/** The text of a quoted literal: `"https://s1.example"`; undefined where it is not quoted, or empty. */
export function unquote(text: string): string | undefined {
  const [, inner] = /^"(.+)"$/s.exec(text.trim()) ?? []
  return inner
}
