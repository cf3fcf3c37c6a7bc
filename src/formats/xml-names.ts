/** Names in AAS XML: element names are class names in lower camel case, lists are wrapped (Part 1, XML mapping). */
import { type ClassName, type Field, fieldsOf, heirsOf, isClass } from '../model/fields.ts'
import { classes } from '../model/metamodel.ts'
import { NAMESPACE_3_0 } from '../model/release-3-0.ts'
import type { MetamodelRelease } from './releases.ts'

/** The namespaces for writing. */
export const NAMESPACE_OF: Readonly<Record<MetamodelRelease, string>> = {
  '3.1': 'https://admin-shell.io/aas/3/1',
  '3.0': NAMESPACE_3_0,
  '3.2': 'https://admin-shell.io/aas/3/2'
}

/** The namespaces for reading. */
export const NAMESPACES: readonly string[] = Object.values(NAMESPACE_OF)

/** Members added by release 3.2: always read, and written in its namespace alone. */
const SINCE_3_2: Readonly<Record<string, readonly string[]>> = { AdministrativeInformation: ['createdAt', 'updatedAt'] }

/** The members of a class in writing order. */
export function writtenFieldsOf(className: string, release: MetamodelRelease): readonly Field[] {
  const later = release === '3.2' ? undefined : SINCE_3_2[className]
  return later === undefined ? fieldsOf(className) : fieldsOf(className).filter(({ name }) => !later.includes(name))
}

const classNames = new Map<string, ClassName>()
for (const name of Object.keys(classes)) if (isClass(name)) classNames.set(elementName(name), name)

/** The element name of a class. */
export function elementName(className: string): string {
  return className.charAt(0).toLowerCase() + className.slice(1)
}

/** The class for an element name, if a member of this type may contain it. */
export function classOf(element: string, type: string): ClassName | undefined {
  const name = classNames.get(element)
  return name !== undefined && heirsOf(type).includes(name) ? name : undefined
}

const members = new Map<string, ReadonlyMap<string, Field>>()

/** The members of a class by their element names. */
export function membersOf(className: string): ReadonlyMap<string, Field> {
  const known = members.get(className)
  if (known !== undefined) return known
  const made = new Map(fieldsOf(className).map((field) => [field.name, field]))
  members.set(className, made)
  return made
}
