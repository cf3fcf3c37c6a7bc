/** Positions within a document, as JSON Pointer and as idShortPath. */
import { childrenMember } from './fields.ts'
import { join } from './path.ts'

const IDSHORT = /^[a-zA-Z][a-zA-Z0-9_-]*$/

/** Member names and list indexes from the root of a document. */
export type DocumentPath = readonly (string | number)[]

/** The JSON Pointer (RFC 6901) of a path; '' for the root. */
export function pointerTo(place: DocumentPath): string {
  let pointer = ''
  for (const step of place) {
    pointer += typeof step === 'number' ? `/${step}` : `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`
  }
  return pointer
}

/**
 * The idShortPath of the innermost element that contains the position; undefined outside of all elements. If the root is
 * an element, the path begins with its idShort. Within variables of an operation it is the path of the operation. The
 * document may be any JSON.
 */
export function idShortPathTo(root: unknown, place: DocumentPath): string | undefined {
  let path = isElement(root) ? idShortOf(root) : undefined
  let here: unknown = root
  let container = ''
  for (const step of place) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) break
    const next: unknown = (here as Record<string | number, unknown>)[step]
    if (Array.isArray(here)) {
      if (container !== '') {
        const idShort = container === 'SubmodelElementList' ? Number(step) : idShortOf(next)
        if (idShort === undefined) break
        path = join(path ?? '', idShort)
        container = ''
      }
    } else {
      const modelType = modelTypeOf(here)
      container = modelType !== undefined && childrenMember(modelType) === step ? modelType : ''
    }
    here = next
  }
  return path
}

function isElement(value: unknown): boolean {
  const modelType = modelTypeOf(value)
  return (
    modelType !== undefined &&
    modelType !== 'Submodel' &&
    modelType !== 'AssetAdministrationShell' &&
    modelType !== 'ConceptDescription'
  )
}

function modelTypeOf(value: unknown): string | undefined {
  return textMember(value, 'modelType')
}

/** Undefined for texts that are not idShorts. */
function idShortOf(value: unknown): string | undefined {
  const idShort = textMember(value, 'idShort')
  return idShort !== undefined && IDSHORT.test(idShort) ? idShort : undefined
}

function textMember(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  const held: unknown = (value as Record<string, unknown>)[name]
  return typeof held === 'string' ? held : undefined
}
