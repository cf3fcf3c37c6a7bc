/** The rights of Part 4 (IDTA-01004), and which of them an operation requires. */

export const rights = ['CREATE', 'READ', 'UPDATE', 'DELETE', 'EXECUTE', 'VIEW'] as const

export type Right = (typeof rights)[number]

/** What an operation requires. `PUBLIC`: nothing, e.g. for probes. */
export type RequiredRight =
  | Right
  | 'PUBLIC'
  /** Decided when the request is carried out: one right if the target exists, the other if not. */
  | { readonly absent: Right; readonly present: Right }
  /** One of these is enough. */
  | { readonly either: readonly Right[] }

export function isRight(text: string): text is Right {
  return (rights as readonly string[]).includes(text)
}

/** Every right that an operation may ask for. */
export function rightsOf(required: RequiredRight): readonly Right[] {
  if (required === 'PUBLIC') return []
  if (typeof required === 'string') return [required]
  return 'either' in required ? required.either : [required.absent, required.present]
}

/** As an OpenAPI document has it: one right, or several of which the state of the target or the caller decides. */
export function documentedRight(required: RequiredRight): string | readonly string[] {
  const [right = 'PUBLIC', ...others] = rightsOf(required)
  return others.length === 0 ? right : [right, ...others]
}

/** The rights of which one is needed, without saying on what it depends: that could reveal whether the target exists. */
export function nameRights(required: RequiredRight): string {
  return rightsOf(required).join(' or ')
}

/** A required right in words, e.g. `CREATE or UPDATE, depending on whether it exists`. */
export function describeRight(required: RequiredRight): string {
  if (typeof required === 'string') return required
  if ('either' in required) return required.either.join(' or ')
  return `${required.absent} if it does not exist, ${required.present} if it does`
}
