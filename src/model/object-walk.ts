/** Walks all objects of a document by the metamodel: elements, references, qualifiers … */
import { fieldsOf, heirsOf, isClass } from './fields.ts'

/** A visited object. In leniently stored documents it may lack required members. */
export interface ObjectVisit {
  readonly className: string
  readonly object: Readonly<Record<string, unknown>>
  /** JSON Pointer within the document. */
  readonly pointer: string
}

/** The object and all objects below it that the metamodel knows, parents before children. */
export function* walkObjects(object: unknown, className: string, pointer = ''): Generator<ObjectVisit> {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return
  const members = object as Readonly<Record<string, unknown>>
  yield { className, object: members, pointer }
  for (const field of fieldsOf(className)) {
    if (field.sort !== 'class' && field.sort !== 'choice') continue
    const value = members[field.name]
    if (value === undefined) continue
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        yield* walkObjects(item, classOf(item, field.type), `${pointer}/${field.name}/${index}`)
    } else yield* walkObjects(value, classOf(value, field.type), `${pointer}/${field.name}`)
  }
}

/** The class named by the modelType, if allowed here, else the declared one. */
function classOf(value: unknown, declared: string): string {
  const { modelType } = (value ?? {}) as { modelType?: unknown }
  return typeof modelType === 'string' && isClass(modelType) && heirsOf(declared).includes(modelType)
    ? modelType
    : declared
}
