/** Nodes that several classes have: identification, administration, references, qualifiers. */
import type { Identifiable, Qualifier, Reference } from '../../../../model/types.ts'
import { component, enumProperty, type HubNode, property, textProperty } from './node.ts'
import { valueTypeNumber } from './value-types.ts'

const IRDI = /^\d{4}[/-][\w:.-]*#/

const ID_TYPES = { IRDI: 0, IRI: 1, Custom: 2 } as const

export function identification(parent: string, id: string): HubNode {
  const idType = isIrdi(id) ? ID_TYPES.IRDI : URL.canParse(id) ? ID_TYPES.IRI : ID_TYPES.Custom
  return component(parent, 'Identification', 'AASIdentifierType', (at) => [
    textProperty(at, 'Id', id),
    enumProperty(at, 'IdType', 'AASIdentifierTypeDataType', idType)
  ])
}

export function isIrdi(id: string): boolean {
  return IRDI.test(id)
}

/** What all identifiables have. */
export function ofIdentifiable(parent: string, { id, category, administration }: Identifiable): HubNode[] {
  const nodes = [identification(parent, id)]
  if (category !== undefined) nodes.push(textProperty(parent, 'Category', category))
  if (administration === undefined) return nodes
  const { version, revision } = administration
  const parts = { Version: version, Revision: revision }
  return [
    ...nodes,
    component(parent, 'Administration', 'AASAdministrativeInformationType', (at) =>
      Object.entries(parts).flatMap(([name, text]) => (text === undefined ? [] : [textProperty(at, name, text)]))
    )
  ]
}

export function reference(parent: string, name: string, to: Reference): HubNode {
  return component(parent, name, 'AASReferenceType', (at) => [
    property(at, 'Keys', { dataType: 'AASKeyDataType', isArray: true, value: { is: 'keys', reference: to } })
  ])
}

/** Named by their types; a second one of a type is not shown. */
export function qualifiers(parent: string, list: readonly Qualifier[] | undefined): HubNode[] {
  const byType = new Map((list ?? []).toReversed().map((one) => [(one.type ?? '').replaceAll(/[/#]/g, '_'), one]))
  return Array.from(byType, ([name, { type = '', valueType, value }]) =>
    component(parent, `Qualifier:${name}`, 'AASQualifierType', (at) => [
      textProperty(at, 'Type', type),
      enumProperty(at, 'ValueType', 'AASValueTypeDataType', valueTypeNumber(valueType)),
      ...(value === undefined ? [] : [textProperty(at, 'Value', value)])
    ])
  ).toReversed()
}

/** Ids of the concepts that a semanticId names. */
export function conceptsOf(semanticId: Reference | undefined): readonly string[] {
  const id = semanticId?.keys?.[0]?.value
  return id === undefined ? [] : [id]
}
