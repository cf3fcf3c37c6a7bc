import type { DocumentPath } from '../../../model/document-path.ts'

/** The steps of a JSON Pointer (RFC 6901); those that are numbers count as indexes of lists. */
export function pathOf(pointer: string): DocumentPath {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => (/^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')))
}
