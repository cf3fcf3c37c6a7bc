/** What can be done with a file now. */
import { useId } from 'preact/hooks'
import { ApiError } from '../../../client/api/http.ts'
import { save } from '../../core/save.ts'
import { DownloadButton } from '../../ui/download-button.tsx'
import { uploadMessages } from './messages.ts'
import { begin, chooseExisting, type ExistingChoice, type QueuedFile } from './queue.ts'

export function Actions({ queued }: { readonly queued: QueuedFile }) {
  const text = uploadMessages()
  const { number, state, report, repair, existing, isConflict, choice } = queued
  if (state.is === 'waiting' || state.is === 'working' || state.is === 'stored') return null
  if (report === undefined) return <WithoutCheck queued={queued} />
  const isAsked = (existing?.size ?? 0) > 0 || isConflict
  const isChosen = !isAsked || choice !== undefined
  const isRepaired = repair !== undefined && repair.report.changeCount > 0
  const hasErrors = !report.valid
  return (
    <>
      {isAsked && <ExistingQuestion queued={queued} />}
      <div class="row upload-actions">
        {isRepaired && (
          <>
            <button
              type="button"
              class="button primary"
              disabled={!isChosen}
              onClick={() => begin(number, 'store', true)}
            >
              {text.repairAndStore}
            </button>
            <DownloadButton
              label={text.downloadRepaired}
              onDownload={async () => save(repair.file.content, repair.file.name)}
            />
          </>
        )}
        {hasErrors && repair === undefined && (
          <button type="button" class="button primary" onClick={() => begin(number, 'repair')}>
            {text.seeRepair}
          </button>
        )}
        <button
          type="button"
          class={hasErrors ? 'button' : 'button primary'}
          disabled={!isChosen}
          onClick={() => begin(number, 'store')}
        >
          {hasErrors ? text.storeAsItIs : text.store}
        </button>
      </div>
    </>
  )
}

function WithoutCheck({ queued: { number, state } }: { readonly queued: QueuedFile }) {
  const text = uploadMessages()
  const mayNotCheck = state.is === 'failed' && state.error instanceof ApiError && state.error.status === 403
  return (
    <div class="row upload-actions">
      {mayNotCheck && (
        <button type="button" class="button primary" onClick={() => begin(number, 'store')}>
          {text.storeUnchecked}
        </button>
      )}
      <button type="button" class="button" onClick={() => begin(number, 'check')}>
        {text.again}
      </button>
    </div>
  )
}

const CHOICES = ['replace', 'keep'] as const satisfies readonly ExistingChoice[]

function ExistingQuestion({ queued: { number, choice } }: { readonly queued: QueuedFile }) {
  const text = uploadMessages()
  const name = useId()
  return (
    <fieldset class="upload-existing">
      <legend>{text.existing}</legend>
      {CHOICES.map((one) => (
        <label key={one}>
          <input type="radio" name={name} checked={choice === one} onChange={() => chooseExisting(number, one)} />
          {text[one]}
        </label>
      ))}
    </fieldset>
  )
}
