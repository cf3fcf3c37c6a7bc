/** Saves a file that the hub sends; a refusal is said beside it. */
import { useState } from 'preact/hooks'
import { failureText } from './failure.tsx'
import { Icon } from './icon.tsx'

export interface DownloadButtonProps {
  readonly label: string
  readonly isSmall?: boolean
  readonly onDownload: () => Promise<void>
}

export function DownloadButton({ label, isSmall, onDownload }: DownloadButtonProps) {
  const [problem, setProblem] = useState<string>()
  const download = async () => {
    try {
      await onDownload()
      setProblem(undefined)
    } catch (error) {
      setProblem(failureText(error))
    }
  }
  return (
    <>
      <button type="button" class={isSmall ? 'button small' : 'button'} onClick={() => void download()}>
        <Icon name="download" />
        {label}
      </button>
      {problem !== undefined && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </>
  )
}
