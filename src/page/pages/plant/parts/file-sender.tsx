/** Lets those who may change documents choose a file, sends it, and says how far it is or why it failed. */
import { useState } from 'preact/hooks'
import type { OnSent } from '../../../../client/api/http.ts'
import { formatNumber } from '../../../core/format.ts'
import { mayUpload } from '../../../core/session.ts'
import { failureText } from '../../../ui/failure.tsx'
import { FileButton } from '../../../ui/file-button.tsx'
import { Icon } from '../../../ui/icon.tsx'
import { partMessages } from './messages.ts'

export interface FileSenderProps {
  /** What it is for, for screen readers: several look alike. */
  readonly label: string
  readonly accept?: string
  readonly onSend: (file: File, onSent: OnSent) => Promise<void>
}

export function FileSender({ label, accept, onSend }: FileSenderProps) {
  const text = partMessages()
  const [share, setShare] = useState<number>()
  const [problem, setProblem] = useState<string>()
  if (!mayUpload.value) return null
  const send = async ([file]: readonly File[]) => {
    if (file === undefined || share !== undefined) return
    setProblem(undefined)
    setShare(0)
    try {
      await onSend(file, setShare)
    } catch (error) {
      setProblem(failureText(error))
    }
    setShare(undefined)
  }
  return (
    <>
      <FileButton kind="small" accept={accept} onFiles={(files) => void send(files)}>
        <Icon name="upload" />
        <span class="visually-hidden">{label}</span>
        <span aria-hidden="true">
          {share === undefined ? text.chooseFile : formatNumber(share, { style: 'percent', maximumFractionDigits: 0 })}
        </span>
      </FileButton>
      {problem !== undefined && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </>
  )
}
