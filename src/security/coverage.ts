/** Does a right cover a part of a document entirely? What a filter hides is not covered. */
import { childrenMember } from '../model/fields.ts'
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { type Container, resolve } from '../model/walk.ts'
import type { Need } from './document-writes.ts'
import type { AccessVerdict, Grant } from './policy.ts'
import { isAtOrBelow } from './target.ts'
import type { DocumentView } from './view.ts'

/** @param document must not be modified later */
export function covers(view: DocumentView, document: object, part: Need['part']): boolean {
  if (part === 'all') return view.visible(document) === document
  if (part === 'frame') return coversFrame(view, document)
  const steps = parseStoredPath(part.path)
  if (steps === undefined) return false
  const element = resolve(document as Submodel, steps)
  // Where there is no element yet, or none any more, its place counts.
  if (element === undefined) return view.coversPlace(document as Submodel, steps)
  return view.visibleElement(document as Submodel, steps) === element
}

/** Does a rule cover the part whatever the document is, so that it need not be read? */
export function coversAlways(verdict: AccessVerdict, part: Need['part']): boolean {
  return verdict.is === 'allowed' || rulesCoveringAlways(verdict, part).length > 0
}

/** The names of the rules that cover the part whatever the document is. */
export function rulesCoveringAlways({ grants }: AccessVerdict, part: Need['part']): string[] {
  const steps = typeof part === 'string' ? undefined : parseStoredPath(part.path)
  return grants
    .filter((grant) => {
      if (!isUnconditional(grant)) return false
      return grant.path === undefined || (steps !== undefined && isAtOrBelow(steps, grant.path))
    })
    .map(({ rule }) => rule.name)
}

/** May any rule cover the part of some document? */
export function mayCover({ grants }: AccessVerdict, part: Need['part']): boolean {
  const steps = typeof part === 'string' ? undefined : parseStoredPath(part.path)
  return grants.some(({ path }) => path === undefined || (steps !== undefined && isAtOrBelow(steps, path)))
}

function isUnconditional({ condition, filters }: Grant): boolean {
  return condition.is === 'constant' && condition.value && filters.length === 0
}

function coversFrame(view: DocumentView, document: object): boolean {
  const visible = view.visible(document) as Readonly<Record<string, unknown>> | undefined
  if (visible === undefined) return false
  const children = childrenMember((document as Container).modelType)
  return Object.entries(document).every(([name, held]) => name === children || visible[name] === held)
}
