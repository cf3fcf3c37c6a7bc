/** Files into the hub: chosen or dropped, checked, repaired where that is possible, and stored when the reader says so. */
import { useState } from 'preact/hooks'
import { PROFILES, type ProfileName } from '../../../client/api/upload.ts'
import { formatNumber } from '../../core/format.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { DropZone } from './drop-zone.tsx'
import { FileCard } from './file-card.tsx'
import { uploadMessages } from './messages.ts'
import { addFiles, files, MAX_FILES, profile } from './queue.ts'
import './upload.css'

export default function Upload() {
  const text = uploadMessages()
  const [problem, setProblem] = useState<'folder' | 'tooMany'>()
  const add = (added: readonly File[], hasFolder: boolean) => {
    const isTooMany = files.peek().length + added.length > MAX_FILES
    setProblem(isTooMany ? 'tooMany' : hasFolder ? 'folder' : undefined)
    addFiles(added)
  }
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <label class="field upload-rules">
          <span>{text.rules}</span>
          <select
            value={profile.value}
            onChange={({ currentTarget }) => {
              profile.value = currentTarget.value as ProfileName
            }}
          >
            {PROFILES.map((name) => (
              <option key={name} value={name}>
                {text[name]}
              </option>
            ))}
          </select>
        </label>
      </PageHead>
      <DropZone onFiles={add} />
      {problem !== undefined && (
        <p class="field-error" role="alert">
          {problem === 'folder' ? text.folder : text.tooMany(formatNumber(MAX_FILES))}
        </p>
      )}
      <ul class="upload-list" aria-label={text.files}>
        {files.value.map((file) => (
          <FileCard key={file.number} queued={file} />
        ))}
      </ul>
    </>
  )
}
