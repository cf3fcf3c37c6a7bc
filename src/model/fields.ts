import { interfaceClasses, interfaceEnumerations, interfacePrimitives } from './interfaces.ts'
import {
  type ClassDeclaration,
  classes,
  enumerations,
  type Mark,
  type PrimitiveDeclaration,
  primitives
} from './metamodel.ts'

/** A class of the metamodel, possibly abstract. */
export type ClassName = keyof typeof classes | keyof typeof interfaceClasses

/** A member of a class, with inheritance and type resolved. */
export interface Field {
  readonly name: string
  /** Name of the type in the metamodel. */
  readonly type: string
  /** Sort of the type; a `choice` is an abstract class, resolved by `modelType`. */
  readonly sort: 'primitive' | 'enumeration' | 'class' | 'choice'
  readonly many: boolean
  /** The list may be empty (classes of Part 2 only). */
  readonly mayBeEmpty: boolean
  readonly required: boolean
}

const declared: Readonly<Record<string, ClassDeclaration>> = { ...classes, ...interfaceClasses }

/** All string types and the boolean, by name. */
export const allPrimitives: ReadonlyMap<string, PrimitiveDeclaration> = new Map<string, PrimitiveDeclaration>(
  Object.entries({ ...primitives, ...interfacePrimitives })
)

/** All enumerations, by name. */
export const allEnumerations: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>(
  Object.entries({ ...enumerations, ...interfaceEnumerations })
)

const allFields = new Map<string, readonly Field[]>()
const allHeirs = new Map<string, readonly string[]>()
const lineages = new Map<string, ReadonlySet<string>>()

for (const name of Object.keys(declared)) {
  allFields.set(name, collect(name))
  lineages.set(name, new Set(lineage(name)))
  allHeirs.set(name, concrete(name))
}

/** Every class, of Part 1 and of Part 2. */
export const classNames = [...allFields.keys()] as readonly ClassName[]

/** Is this the name of a class of the metamodel? (`__proto__` is not.) */
export function isClass(name: string): name is ClassName {
  return allFields.has(name)
}

/** All members of a class, inherited ones first, in the order of the XML Schema. */
export function fieldsOf(name: string): readonly Field[] {
  return allFields.get(name) ?? []
}

/** The concrete classes that a member of this type may hold: the class itself, or the heirs of an abstract one. */
export function heirsOf(name: string): readonly string[] {
  return allHeirs.get(name) ?? []
}

/** The declaration of a class. */
export function declarationOf(name: string): ClassDeclaration | undefined {
  return allFields.has(name) ? declared[name] : undefined
}

/** The member that holds the child elements of a container, or undefined for everything else. */
export function childrenMember(modelType: string): string | undefined {
  return declarationOf(modelType)?.children
}

/** Does `name` inherit from `ancestor`, or is it the same class? */
export function isA(name: string, ancestor: string): boolean {
  return name === ancestor || lineages.get(name)?.has(ancestor) === true
}

function collect(name: string): readonly Field[] {
  const { is = [], has = {} } = declared[name] as ClassDeclaration
  return [...is.flatMap(collect), ...Object.entries(has).map(([member, type]) => field(member, type))]
}

function field(name: string, written: string): Field {
  const mark = (/(\?|\*|\+|\[\])$/.exec(written)?.[0] ?? '') as Mark
  const type = written.slice(0, written.length - mark.length)
  return {
    name,
    type,
    sort: sortOf(type),
    many: mark === '*' || mark === '+' || mark === '[]',
    mayBeEmpty: mark === '[]',
    required: mark === '' || mark === '+'
  }
}

function sortOf(type: string): Field['sort'] {
  if (allPrimitives.has(type)) return 'primitive'
  if (allEnumerations.has(type)) return 'enumeration'
  // RelationshipElement is concrete and has an heir, but no member is declared of that type.
  return declared[type]?.abstract ? 'choice' : 'class'
}

function concrete(name: string): readonly string[] {
  const declaration = declared[name] as ClassDeclaration
  const own = declaration.abstract ? [] : [name]
  if (!declaration.abstract) return own
  return Object.keys(declared).filter((other) => !declared[other]?.abstract && lineage(other).includes(name))
}

/** A class and all that it inherits from. */
function lineage(name: string): readonly string[] {
  return [name, ...(declared[name]?.is ?? []).flatMap(lineage)]
}
