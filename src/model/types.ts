/**
 * The TypeScript types of the metamodel, inferred from its declaration. All conditional types of the project live here.
 *
 * They describe any stored document. Leniently stored documents may lack all members but the id and the modelTypes
 * (formats/json.ts, `unstorable`), so members of Part 1 are optional here even if the schema requires them, and the
 * compiler finds code that relies on them. Classes of Part 2 are never stored leniently.
 */
import type { interfaceClasses, interfaceEnumerations, interfacePrimitives } from './interfaces.ts'
import type { classes, enumerations, primitives } from './metamodel.ts'

type Classes = typeof classes & typeof interfaceClasses
type Enumerations = typeof enumerations & typeof interfaceEnumerations
type Primitives = typeof primitives & typeof interfacePrimitives

type Unmarked<Written> = Written extends `${infer Name}${'?' | '*' | '+' | '[]'}` ? Name : Written
type IsOptional<Written> = Written extends `${string}${'?' | '*' | '[]'}` ? true : false
type IsList<Written> = Written extends `${string}${'*' | '+' | '[]'}` ? true : false

type OwnMembers<Name extends keyof Classes> = Classes[Name] extends { has: infer Has } ? Has : unknown
type Inherited<Parents> = Parents extends readonly [infer First extends keyof Classes, ...infer Rest]
  ? Members<First> & Inherited<Rest>
  : unknown
type Members<Name extends keyof Classes> = OwnMembers<Name> &
  (Classes[Name] extends { is: infer Parents } ? Inherited<Parents> : unknown)

type Typed<Name> = Name extends keyof Primitives
  ? Primitives[Name]['json'] extends 'boolean'
    ? boolean
    : string
  : Name extends keyof Enumerations
    ? Enumerations[Name][number]
    : Name extends keyof Classes
      ? Classes[Name] extends { abstract: true }
        ? HeirOf<Name>
        : Instance<Name>
      : never

type Held<Written> = IsList<Written> extends true ? Typed<Unmarked<Written>>[] : Typed<Unmarked<Written>>

type Flat<Has, Certain> = {
  -readonly [Member in keyof Has as Member extends Certain ? Member : never]: Held<Has[Member]>
} & {
  -readonly [Member in keyof Has as Member extends Certain ? never : Member]?: Held<Has[Member]>
}

/** The members that every object of a stored document has. */
type CertainMember<Name extends keyof Classes> = Name extends keyof typeof interfaceClasses
  ? RequiredMember<Members<Name>>
  : 'id'

type RequiredMember<Has> = {
  [Member in keyof Has]: IsOptional<Has[Member]> extends true ? never : Member
}[keyof Has]

type ModelTyped<Name extends keyof Classes> = Classes[Name] extends { modelType: true } ? { modelType: Name } : unknown

/** The JSON form of a concrete class. */
type Instance<Name extends keyof Classes> = Flat<Members<Name>, CertainMember<Name>> & ModelTyped<Name>

type InheritsFrom<Name extends keyof Classes, Ancestor> = Name extends Ancestor
  ? true
  : Classes[Name] extends { is: infer Parents extends readonly unknown[] }
    ? true extends {
        [I in keyof Parents]: Parents[I] extends keyof Classes ? InheritsFrom<Parents[I], Ancestor> : false
      }[number]
      ? true
      : false
    : false

type HeirName<Ancestor> = {
  [Name in keyof Classes]: Classes[Name] extends { abstract: true }
    ? never
    : InheritsFrom<Name, Ancestor> extends true
      ? Name
      : never
}[keyof Classes]

type HeirOf<Ancestor> = { [Name in HeirName<Ancestor>]: Instance<Name> }[HeirName<Ancestor>]

export type SubmodelElementKind = HeirName<'SubmodelElement'>
export type DataTypeDefXsd = Enumerations['DataTypeDefXsd'][number]
export type DataTypeIec61360 = Enumerations['DataTypeIec61360'][number]
export type KeyTypes = Enumerations['KeyTypes'][number]

export interface Environment extends Instance<'Environment'> {}
export interface AssetAdministrationShell extends Instance<'AssetAdministrationShell'> {}
export interface Submodel extends Instance<'Submodel'> {}
export interface ConceptDescription extends Instance<'ConceptDescription'> {}
export interface AssetInformation extends Instance<'AssetInformation'> {}
export interface SpecificAssetId extends Instance<'SpecificAssetId'> {}
export interface Reference extends Instance<'Reference'> {}
export interface Qualifier extends Instance<'Qualifier'> {}
export interface Extension extends Instance<'Extension'> {}
export interface LangString extends Instance<'LangStringTextType'> {}
export interface DataSpecificationIec61360 extends Instance<'DataSpecificationIec61360'> {}
export interface Property extends Instance<'Property'> {}
export interface Range extends Instance<'Range'> {}
export interface ReferenceElement extends Instance<'ReferenceElement'> {}
export interface RelationshipElement extends Instance<'RelationshipElement'> {}
export interface BasicEventElement extends Instance<'BasicEventElement'> {}
export interface Entity extends Instance<'Entity'> {}
export interface Operation extends Instance<'Operation'> {}
export interface OperationVariable extends Instance<'OperationVariable'> {}
export interface SubmodelElementCollection extends Instance<'SubmodelElementCollection'> {}
export interface SubmodelElementList extends Instance<'SubmodelElementList'> {}

export interface AssetAdministrationShellDescriptor extends Instance<'AssetAdministrationShellDescriptor'> {}
export interface SubmodelDescriptor extends Instance<'SubmodelDescriptor'> {}
export interface Endpoint extends Instance<'Endpoint'> {}
export interface AssetLink extends Instance<'AssetLink'> {}
export interface OperationRequest extends Instance<'OperationRequest'> {}

/** Documents with an id of their own, by class. */
export interface Documents {
  AssetAdministrationShell: AssetAdministrationShell
  Submodel: Submodel
  ConceptDescription: ConceptDescription
  AssetAdministrationShellDescriptor: AssetAdministrationShellDescriptor
  SubmodelDescriptor: SubmodelDescriptor
}

/** Any kind of submodel element. */
export type SubmodelElement = HeirOf<'SubmodelElement'>
/** The three identifiable classes of Part 1. */
export type Identifiable = AssetAdministrationShell | Submodel | ConceptDescription
