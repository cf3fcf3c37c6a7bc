/** A node of the address space that stands for something stored. Made when it is asked for, and not kept. */
import type { LangString, Reference } from '../../../../model/types.ts'

export interface HubNode {
  /** Identifier of its NodeId. */
  readonly id: string
  readonly name: string
  /** Is the name one of the companion specification, and so of its namespace? */
  readonly isTyped?: boolean
  /** BrowseName of its type definition: of I4AAS, or of OPC UA itself. */
  readonly type: string
  readonly parent: ParentReference
  readonly displayName?: readonly LangString[] | undefined
  readonly description?: readonly LangString[] | undefined
  /** Ids of concepts that it is an instance of. */
  readonly concepts?: readonly string[]
  /** Absent: it is an object. */
  readonly variable?: HubVariable
  children(): Children
}

export type Children = readonly HubNode[] | Promise<readonly HubNode[]>

export interface ParentReference {
  readonly id: string
  readonly by: 'Organizes' | 'HasComponent' | 'HasProperty' | 'HasOrderedComponent'
}

export interface HubVariable {
  /** BrowseName of the data type. */
  readonly dataType: string
  readonly isArray?: boolean
  /** What it is, from the structure; or where its current value is. */
  readonly value: FixedValue | LiveValue
}

export type FixedValue =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'enum'; readonly number: number }
  | { readonly is: 'keys'; readonly reference: Reference }

/** A value member of an element. */
export interface LiveValue {
  readonly is: 'live'
  readonly submodel: string
  readonly path: string
  readonly member: string
  readonly modelType: string
  readonly valueType?: string | undefined
}

const NO_CHILDREN = (): readonly HubNode[] => []

/** A property of a node, as its type defines it. */
export function property(parent: string, name: string, variable: HubVariable): HubNode {
  const by = 'HasProperty'
  return {
    ...{ id: `${parent}/${name}`, name, isTyped: true, type: 'PropertyType', variable },
    ...{ parent: { id: parent, by }, children: NO_CHILDREN }
  }
}

export function textProperty(parent: string, name: string, text: string, dataType = 'String'): HubNode {
  return property(parent, name, { dataType, value: { is: 'text', text } })
}

export function enumProperty(parent: string, name: string, dataType: string, number: number): HubNode {
  return property(parent, name, { dataType, value: { is: 'enum', number } })
}

/** An object below a node, as its type defines it. */
export function component(
  parent: string,
  name: string,
  type: string,
  children: (id: string) => readonly HubNode[]
): HubNode {
  const id = `${parent}/${name}`
  const by = 'HasComponent'
  return { id, name, isTyped: true, type, parent: { id: parent, by }, children: () => children(id) }
}
