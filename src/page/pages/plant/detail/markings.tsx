/** The markings of a product (CE, KC …) as pictures, or by their names where there are none. */
import type { Element } from '../../../../client/api/aas.ts'
import { AttachmentPicture, holdsPicture } from '../parts/attachment-picture.tsx'
import { type Child, childrenOf, childrenWithPaths } from '../parts/element-tree.ts'
import { detailMessages } from './messages.ts'

/** Values of ECLASS for the name of a marking. */
const NAMES: Readonly<Record<string, string>> = { '0173-1#07-DAA603': 'CE' }

export interface MarkingsProps {
  readonly submodel: string
  /** `Markings` of IDTA 02006: a list, in earlier releases a collection. */
  readonly markings: Child
}

export function Markings({ submodel, markings: { element, path } }: MarkingsProps) {
  const markings = childrenWithPaths(element, path)
  if (markings.length === 0) return null
  return (
    <ul class="nameplate-markings" aria-label={detailMessages().markings}>
      {markings.map((marking) => {
        const name = nameOfMarking(marking.element)
        const file = childrenWithPaths(marking.element, marking.path).find(
          ({ element: { modelType } }) => modelType === 'File'
        )
        const additional = textsIn(marking.element, /^MarkingAdditionalText/)
        return (
          <li key={marking.path} title={name}>
            {file !== undefined && holdsPicture(file.element) ? (
              <AttachmentPicture submodel={submodel} path={file.path} alt={name} class="nameplate-marking" />
            ) : (
              <span class="nameplate-marking-name">{name}</span>
            )}
            {additional.length > 0 && <span>{additional.join(' ')}</span>}
          </li>
        )
      })}
    </ul>
  )
}

function nameOfMarking(marking: Element): string {
  const [name = marking.idShort ?? ''] = textsIn(marking, /^MarkingName/)
  // Without the version of the value.
  return NAMES[name.replace(/#\d+$/, '')] ?? name
}

function textsIn(marking: Element, idShort: RegExp): string[] {
  return childrenOf(marking).flatMap((child) =>
    idShort.test(child.idShort ?? '') && typeof child.value === 'string' ? [child.value] : []
  )
}
