/** Who asks: the claims of an authenticated caller, or an anonymous one. */

export interface AccessSubject {
  /** Undefined: anonymous. Values as in the token: texts, numbers, booleans, lists of these. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** The texts of a claim, several if it is a list; undefined if it is missing, empty or an object. */
export function textsOfClaim({ claims }: AccessSubject, name: string): readonly string[] | undefined {
  if (claims === undefined || !Object.hasOwn(claims, name)) return undefined
  const value = claims[name]
  const texts = (Array.isArray(value) ? value : [value]).flatMap(textOf)
  return texts.length === 0 ? undefined : texts
}

/** The same for subjects that no rule can distinguish. */
export function subjectKey({ claims }: AccessSubject): string {
  if (claims === undefined) return ''
  return JSON.stringify(Object.entries(claims).sort(([one], [other]) => (one < other ? -1 : 1)))
}

function textOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'number' || typeof value === 'boolean' ? [JSON.stringify(value)] : []
}
