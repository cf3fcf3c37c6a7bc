/** What a repair changes, and what it leaves. */
import { useEffect, useId, useRef } from 'preact/hooks'
import type { RepairedChange, RepairReport } from '../../../client/api/upload.ts'
import { formatNumber } from '../../core/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { Findings } from './findings.tsx'
import { uploadMessages } from './messages.ts'

const MAX_SHOWN = 100
/** Of a value before and after. */
const MAX_LENGTH = 200

export function Changes({ changeCount, changes, report }: RepairReport) {
  const text = uploadMessages()
  const heading = useId()
  const section = useRef<HTMLElement>(null)
  // The button that asked for the repair is gone.
  useEffect(() => section.current?.focus(), [])
  if (changeCount === 0) {
    return (
      <Notice kind="info">
        <p>{text.notRepairable}</p>
      </Notice>
    )
  }
  return (
    <section ref={section} class="upload-repair" tabIndex={-1} aria-labelledby={heading}>
      <h3 id={heading}>{changeCount === 1 ? text.repairedOne : text.repaired(formatNumber(changeCount))}</h3>
      <ul class="upload-findings">
        {changes.slice(0, MAX_SHOWN).map((change, index) => (
          <li key={index}>
            <Change change={change} />
          </li>
        ))}
        {changeCount > MAX_SHOWN && <li class="muted">{text.moreFindings(formatNumber(changeCount - MAX_SHOWN))}</li>}
      </ul>
      {report.findings.every(({ severity }) => severity === 'info') ? (
        <p class="upload-good">{text.repairAll}</p>
      ) : (
        <>
          <h3>{text.repairLeft}</h3>
          <Findings report={report} isStored={false} isOpen={true} />
        </>
      )}
    </section>
  )
}

function Change({ change: { kind, rule, pointer, idShortPath, id, was, is } }: { readonly change: RepairedChange }) {
  const text = uploadMessages()
  return (
    <>
      <p>
        <span class={`badge ${kind === 'draft' ? 'warning' : 'accent'}`}>{text[`kind_${kind}`]}</span>{' '}
        <span class="visually-hidden">{text.was}: </span>
        <code>{shown(was) ?? text.nothing}</code> → <span class="visually-hidden">{text.is}: </span>
        <code>{shown(is) ?? text.nothing}</code>
      </p>
      <p class="muted upload-place">
        <code>{idShortPath ?? pointer}</code>
        {id !== undefined && <code>{id}</code>}
        <span class="badge">{rule}</span>
      </p>
    </>
  )
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
