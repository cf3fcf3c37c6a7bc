/** The content of an element, each kind as what it is. */
import type { Element, LangString, Reference } from '../../../../client/api/aas.ts'
import { ReferenceLink } from '../parts/reference-link.tsx'
import { EntityContent, EventContent, RelationshipContent } from './connections.tsx'
import { BlobContent, FileContent } from './file-content.tsx'
import { elementMessages } from './messages.ts'
import { OperationForm } from './operation-form.tsx'
import { MultiLanguageValue, PropertyValue, RangeValue } from './values.tsx'

export interface ElementContentProps {
  readonly element: Element
  readonly path: string
  readonly name: string
  /** The unit is in the head of the column. */
  readonly isInTable?: boolean
}

export function ElementContent({ element, path, name, isInTable = false }: ElementContentProps) {
  switch (element.modelType) {
    case 'Property':
      return <PropertyValue element={element} hasUnit={!isInTable} />
    case 'MultiLanguageProperty':
      return <MultiLanguageValue texts={element.value as readonly LangString[] | undefined} />
    case 'Range':
      return <RangeValue element={element} hasUnit={!isInTable} />
    case 'File':
      return <FileContent element={element} path={path} name={name} />
    case 'Blob':
      return <BlobContent element={element} path={path} name={name} />
    case 'ReferenceElement':
      return <ReferenceLink reference={element.value as Reference | undefined} />
    case 'RelationshipElement':
    case 'AnnotatedRelationshipElement':
      return <RelationshipContent element={element} />
    case 'Entity':
      return <EntityContent element={element} />
    case 'BasicEventElement':
      return <EventContent element={element} />
    case 'Operation':
      return <OperationForm element={element} path={path} />
    case 'Capability':
      return <span class="badge">{elementMessages().capability}</span>
    default:
      return <code>{element.modelType}</code>
  }
}
