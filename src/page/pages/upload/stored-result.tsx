/** What of a file is stored, with the way to it. */
import type { ListedDocument, StoredReport } from '../../../client/api/upload.ts'
import { formatNumber } from '../../core/format.ts'
import { linkTo } from '../../core/router.ts'
import { HubMessages } from '../../ui/hub-messages.tsx'
import { Notice } from '../../ui/notice.tsx'
import { nameOf } from '../plant/parts/names.ts'
import { uploadMessages } from './messages.ts'

const MAX_LINKS = 20

export interface StoredResultProps {
  readonly stored: StoredReport
  /** Documents of the file with their names. */
  readonly named: readonly ListedDocument[]
}

export function StoredResult({ stored, named }: StoredResultProps) {
  const text = uploadMessages()
  const { created, replaced, kept, refused, files, violations, warnings } = stored
  const places = [...created, ...replaced, ...kept].filter(({ modelType }) => modelType !== 'ConceptDescription')
  const shells = places.filter(({ modelType }) => modelType === 'AssetAdministrationShell')
  const listed = shells.length > 0 ? shells : places
  const remarks = [...violations, ...warnings]
  return (
    <>
      <Notice kind={refused.length > 0 ? 'warning' : 'success'}>
        <ul class="upload-facts">
          {created.length > 0 && <li>{text.storedDocuments(formatNumber(created.length))}</li>}
          {replaced.length > 0 && <li>{text.replacedDocuments(formatNumber(replaced.length))}</li>}
          {kept.length > 0 && <li>{text.keptDocuments(formatNumber(kept.length))}</li>}
          {refused.length > 0 && <li>{text.refusedDocuments(formatNumber(refused.length))}</li>}
          <li>{text.attached(formatNumber(files))}</li>
        </ul>
      </Notice>
      {listed.length > 0 && (
        <p class="upload-links">
          {text.openInPlant}{' '}
          {listed.slice(0, MAX_LINKS).map((document) => (
            <a key={document.id} href={linkTo('plant', placeOf(document))}>
              {nameOf(
                named.find(({ id }) => id === document.id),
                document.id
              )}
            </a>
          ))}
          {listed.length > MAX_LINKS && (
            <span class="muted">{text.moreDocuments(formatNumber(listed.length - MAX_LINKS))}</span>
          )}
        </p>
      )}
      {remarks.length > 0 && (
        <details>
          <summary>{text.remarks}</summary>
          <HubMessages texts={remarks.map(({ pointer, text: said }) => `${pointer} ${said}`.trim())} />
        </details>
      )}
    </>
  )
}

function placeOf({ modelType, id }: ListedDocument) {
  return modelType === 'Submodel' ? { submodel: id } : { shell: id }
}
