import type { DocumentPath } from '../../../model/document-path.ts'

/** The steps of a JSON Pointer (RFC 6901); those that are numbers count as indexes of lists. */
export function pathOf(pointer: string): DocumentPath {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => (/^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')))
}

/**
 * Calls back for every list in a JSON value.
 * @param found receives a path that is only valid during the call
 */
export function visitLists(value: unknown, found: (list: readonly unknown[], path: DocumentPath) => void): void {
  const path: (string | number)[] = []
  visit(value)

  function visit(here: unknown): void {
    if (typeof here !== 'object' || here === null) return
    if (Array.isArray(here)) {
      found(here, path)
      for (let index = 0; index < here.length; index++) step(index, here[index])
    } else for (const name in here) step(name, (here as Record<string, unknown>)[name])
  }

  function step(name: string | number, member: unknown): void {
    if (typeof member !== 'object') return
    path.push(name)
    visit(member)
    path.pop()
  }
}
