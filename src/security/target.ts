/** What an operation acts on, and whether the object of a rule covers it. */
import type { Step } from '../model/path.ts'
import { hasPieces } from '../model/wildcard.ts'
import type { AccessObject, DocumentKind, RoutePattern } from './rule.ts'

export interface AccessTarget {
  /** The path of the request, as rules may write it: with and without the prefix of the API (`requestPaths`). */
  readonly routes: readonly string[]
  /** Undefined: the operation acts on no document, e.g. `/description`. */
  readonly kind?: DocumentKind
  /** Undefined: on any document of the kind, e.g. a list. */
  readonly id?: string
  /** An element; undefined: the whole document. */
  readonly path?: readonly Step[]
}

/** How far an object covers a target. */
export interface Coverage {
  /** Only the document with this id. */
  readonly id?: string
  /** Only the element at this path and what is below it; empty: all elements of the submodel. */
  readonly path?: readonly Step[]
}

/** @returns undefined where the object does not cover any of the target */
export function coverageOf(object: AccessObject, target: AccessTarget): Coverage | undefined {
  if (object.is === 'fragment') return undefined
  if (object.is === 'route') return target.routes.some((route) => matchesRoute(object, route)) ? {} : undefined
  const kind = object.is === 'document' ? object.kind : 'Submodel'
  if (target.kind !== kind) return undefined
  if (object.id !== undefined && target.id !== undefined && object.id !== target.id) return undefined
  const id = object.id !== undefined && target.id === undefined ? { id: object.id } : {}
  if (object.is === 'document') return id
  const related =
    target.path === undefined || isAtOrBelow(target.path, object.path) || isAtOrBelow(object.path, target.path)
  return related ? { ...id, path: object.path } : undefined
}

/** In linear time. A segment that is only a wildcard is not empty. */
function matchesRoute({ segments, isPrefix }: RoutePattern, path: string): boolean {
  const found = path.split('/')
  const last = segments.length - 1
  if (isPrefix ? found.length <= last : found.length !== segments.length) return false
  return segments.every((pieces, index) => {
    const segment = found[index] ?? ''
    if (isPrefix && index === last) return hasPieces(segment, [...pieces, ''])
    return hasPieces(segment, pieces) && (segment !== '' || pieces.length === 1)
  })
}

/** Is a path that of an element, or of one below it? */
export function isAtOrBelow(path: readonly Step[], element: readonly Step[]): boolean {
  return element.every((step, index) => path[index] === step)
}

/**
 * The spellings of a request path that rules are held against: percent-encoding is undone, but for the slash, which
 * would become a separator.
 */
export function requestPaths(path: string, prefix: string): readonly string[] {
  const decoded = path.includes('%') ? decodePath(path) : path
  return decoded.startsWith(`${prefix}/`) ? [decoded.slice(prefix.length), decoded] : [decoded]
}

function decodePath(path: string): string {
  return path
    .split('/')
    .map((segment) => decodeSegment(segment).replaceAll('/', '%2F'))
    .join('/')
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
