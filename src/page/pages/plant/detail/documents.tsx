/** The files of a submodel as a list of documents, each with the title of what it is part of. */
import type { Element, LangString } from '../../../../client/api/aas.ts'
import { textOf } from '../../../core/format.ts'
import { ElementContent } from '../elements/element-content.tsx'
import { elementName } from '../parts/element-name.ts'
import { type Child, childrenOf, childrenWithPaths } from '../parts/element-tree.ts'
import { detailMessages } from './messages.ts'

interface DocumentFile extends Child {
  /** Titles around it, the innermost first. */
  readonly titles: readonly (readonly LangString[])[]
}

/** Files in collections that have a title, as in the template HandoverDocumentation; in the order of the submodel. */
export function documentsOf(items: readonly Child[], titles: DocumentFile['titles'] = []): DocumentFile[] {
  return items.flatMap(({ element, path }) => {
    if (element.modelType === 'File') return titles.length > 0 && element.value ? [{ element, path, titles }] : []
    const title = titleOf(element)
    return documentsOf(childrenWithPaths(element, path), title === undefined ? titles : [title, ...titles])
  })
}

export function Documents({ documents }: { readonly documents: readonly DocumentFile[] }) {
  const text = detailMessages()
  return (
    <section class="card" aria-labelledby="documents">
      <h2 id="documents">{text.documents}</h2>
      <ul class="documents">
        {documents.map(({ element, path, titles }) => (
          <li key={path}>
            <strong>{textOf(titles[0])}</strong>
            <ElementContent element={element} path={path} name={elementName(element, path)} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function titleOf(element: Element): readonly LangString[] | undefined {
  const title = childrenOf(element).find(({ idShort }) => idShort === 'Title')
  if (title?.modelType === 'MultiLanguageProperty') return title.value as readonly LangString[] | undefined
  return typeof title?.value === 'string' ? [{ language: 'und', text: title.value }] : undefined
}
