/** Converts descriptors of earlier releases of Part 2 to the form of the current release. */
import { type Field, fieldsOf } from '../model/fields.ts'
import { interfaceClasses } from '../model/interfaces.ts'

/** Renamed members by class: the former name and the one of release 3.1.2. */
const FORMER_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SubmodelDescriptor: { supplementalSemanticId: 'supplementalSemanticIds' }
}

/**
 * The descriptor with the current names of its members and without empty lists, which the response schema does not allow.
 * Accepts any value and does not modify it.
 */
export function currentDescriptor(className: string, given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  const fields = new Map(fieldsOf(className).map((field) => [field.name, field]))
  const former = FORMER_NAMES[className] ?? {}
  const members = Object.entries(given).flatMap(([name, held]) => {
    const renamed = Object.hasOwn(former, name) ? former[name] : undefined
    // If both names occur, the former one is kept and refused by the schema.
    const current = renamed === undefined || Object.hasOwn(given, renamed) ? name : renamed
    const field = fields.get(current)
    const isSilent = field?.mayBeEmpty === true && Array.isArray(held) && held.length === 0
    return isSilent ? [] : [[current, below(field, held)] as const]
  })
  return Object.fromEntries(members)
}

/** Classes of Part 1 are not changed: an empty list in them is refused. */
function below(field: Field | undefined, held: unknown): unknown {
  if (field === undefined || !Object.hasOwn(interfaceClasses, field.type)) return held
  return field.many && Array.isArray(held)
    ? held.map((item) => currentDescriptor(field.type, item))
    : currentDescriptor(field.type, held)
}
