/** A file of the list: how far it is, what it holds, what is wrong with it, and what can be done. */
import { useId } from 'preact/hooks'
import type { FileReport } from '../../../client/api/upload.ts'
import { formatBytes, formatNumber } from '../../core/format.ts'
import { Icon } from '../../ui/icon.tsx'
import { Actions } from './actions.tsx'
import { Changes } from './changes.tsx'
import { countFindings } from './count-findings.ts'
import { Findings } from './findings.tsx'
import { uploadMessages } from './messages.ts'
import { UploadProblem } from './problem.tsx'
import { type FileState, type FileWork, MAX_LOOKED_UP, type QueuedFile, removeFile } from './queue.ts'
import { StoredResult } from './stored-result.tsx'

export function FileCard({ queued }: { readonly queued: QueuedFile }) {
  const text = uploadMessages()
  const { number, file, state, report, repair } = queued
  const heading = useId()
  const isStored = state.is === 'stored'
  return (
    <li class="card upload-file" aria-labelledby={heading}>
      <header class="row">
        <Icon name="file" />
        <h2 id={heading} class="upload-name">
          {file.name}
        </h2>
        <span class="muted">{formatBytes(file.content.size)}</span>
        <span class="spacer" />
        <StateBadge queued={queued} />
        <button
          type="button"
          class="icon-button"
          aria-label={text.remove(file.name)}
          onClick={() => removeFile(number)}
        >
          <Icon name="close" />
        </button>
      </header>
      <Progress state={state} />
      {report !== undefined && <Content report={report} existing={queued.existing} isStored={isStored} />}
      {isStored && <StoredResult stored={state.report} named={report?.content.documents ?? []} />}
      {state.is === 'failed' && <UploadProblem work={state.work} error={state.error} />}
      <Actions queued={queued} />
      {repair !== undefined && !isStored && <Changes {...repair.report} />}
      {report !== undefined && (
        <Findings report={report} isStored={isStored} isOpen={isStored || repair === undefined} />
      )}
    </li>
  )
}

function StateBadge({ queued: { state, report } }: { readonly queued: QueuedFile }) {
  const text = uploadMessages()
  if (state.is === 'stored') return <span class="badge good">{text.isStored}</span>
  if (state.is === 'failed') return <span class="badge error">{text.hasFailed}</span>
  if (report === undefined) return null
  const { errors, warnings } = countFindings(report)
  return (
    <>
      {errors > 0 && <span class="badge error">{errors === 1 ? text.error : text.errors(formatNumber(errors))}</span>}
      {warnings > 0 && (
        <span class="badge warning">{warnings === 1 ? text.warning : text.warnings(formatNumber(warnings))}</span>
      )}
      {errors === 0 && warnings === 0 && <span class="badge good">{text.isChecked}</span>}
    </>
  )
}

const WORKING = { check: 'checking', repair: 'repairing', store: 'storing' } as const satisfies Record<FileWork, string>

/** Keeps its place when there is nothing to say, so that nothing moves. */
function Progress({ state }: { readonly state: FileState }) {
  const text = uploadMessages()
  const isSending = state.is === 'working' && state.share < 1
  const said =
    state.is === 'waiting'
      ? text.waiting
      : isSending
        ? text.sending(formatNumber(state.share, { style: 'percent', maximumFractionDigits: 0 }))
        : state.is === 'working'
          ? text[WORKING[state.work]]
          : ''
  return (
    <div class="upload-progress">
      {state.is === 'working' && (
        <progress aria-label={text[WORKING[state.work]]} {...(isSending && { value: state.share })} max={1} />
      )}
      <p role="status" class="muted">
        {said}
      </p>
    </div>
  )
}

interface ContentProps {
  readonly report: FileReport
  readonly existing: ReadonlySet<string> | undefined
  readonly isStored: boolean
}

/** Longer lists are cut; the counts are complete. */
const MAX_SHOWN = 200

function Content({ report: { content }, existing, isStored }: ContentProps) {
  const text = uploadMessages()
  const { documents } = content
  const there = documents.filter(({ id }) => existing?.has(id)).length
  const all = content.shells + content.submodels + content.conceptDescriptions
  return (
    <>
      <ul class="upload-facts" aria-label={text.holds}>
        <li>{text.shells(formatNumber(content.shells))}</li>
        <li>{text.submodels(formatNumber(content.submodels))}</li>
        <li>{text.concepts(formatNumber(content.conceptDescriptions))}</li>
        <li>{text.attached(formatNumber(content.files))}</li>
        {there > 0 && !isStored && (
          <li class="upload-there">
            {all > MAX_LOOKED_UP
              ? text.firstAlreadyThere(formatNumber(MAX_LOOKED_UP), formatNumber(there))
              : text.alreadyThere(formatNumber(there))}
          </li>
        )}
      </ul>
      {documents.length > 0 && !isStored && (
        <details>
          <summary>{text.documents(formatNumber(all))}</summary>
          <ul class="upload-documents">
            {documents.slice(0, MAX_SHOWN).map(({ modelType, id, idShort }, index) => (
              // Packages repeat equal documents.
              <li key={index}>
                {existing !== undefined && (
                  <span class={`badge ${existing.has(id) ? 'warning' : ''}`}>
                    {existing.has(id) ? text.exists : text.isNew}
                  </span>
                )}
                <span>{idShort ?? modelType}</span>
                <code>{id}</code>
              </li>
            ))}
            {all > MAX_SHOWN && <li class="muted">{text.moreDocuments(formatNumber(all - MAX_SHOWN))}</li>}
          </ul>
        </details>
      )}
    </>
  )
}
