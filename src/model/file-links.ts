/** Links of a document to files: the values of its File elements, the path of a shell's thumbnail. */
import { walkObjects } from './object-walk.ts'
import type { Identifiable } from './types.ts'

export interface FileLink {
  /** A path or a URI. */
  readonly link: string
  /** JSON Pointer to it, within the document. */
  readonly pointer: string
}

/** The member with the link, by class. */
const LINK_MEMBERS: Readonly<Record<string, string>> = { File: 'value', Resource: 'path' }

/** All links of a document to files, in document order. */
export function* fileLinksOf(document: unknown, className: string): Generator<FileLink> {
  for (const { className: name, object, pointer } of walkObjects(document, className)) {
    const member = LINK_MEMBERS[name]
    if (member === undefined) continue
    const link = object[member]
    if (typeof link === 'string') yield { link, pointer: `${pointer}/${member}` }
  }
}

/** Changes the links of a document in place. */
export function relink(document: Identifiable, change: ReadonlyMap<string, string>): void {
  for (const { className, object } of walkObjects(document, document.modelType)) {
    const member = LINK_MEMBERS[className]
    const link = member === undefined ? undefined : object[member]
    const changed = typeof link === 'string' ? change.get(link) : undefined
    if (member !== undefined && changed !== undefined) (object as Record<string, unknown>)[member] = changed
  }
}
