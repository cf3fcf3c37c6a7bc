/** Where files are dropped, anywhere on the page, or chosen by a dialog of the browser. */
import { useLayoutEffect, useState } from 'preact/hooks'
import { FileButton } from '../../ui/file-button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { uploadMessages } from './messages.ts'

export interface DropZoneProps {
  readonly onFiles: (files: readonly File[], hasFolder: boolean) => void
}

export function DropZone({ onFiles }: DropZoneProps) {
  const text = uploadMessages()
  const isOver = useDroppedFiles(onFiles)
  return (
    <div class="card drop-zone" data-over={isOver}>
      <Icon name="upload" />
      <p>
        <strong>{text.drop}</strong>
        <br />
        <span class="muted">{text.dropHow}</span>
      </p>
      <FileButton kind="primary" isMultiple accept=".aasx,.xml,.json" onFiles={(files) => onFiles(files, false)}>
        {text.choose}
      </FileButton>
    </div>
  )
}

/** A file that is dropped beside the zone would otherwise be opened by the browser, in the place of the page. */
function useDroppedFiles(onFiles: DropZoneProps['onFiles']): boolean {
  const [isOver, setOver] = useState(false)
  // As soon as the zone is there: an effect that waits for the next frame would miss what is dropped before.
  useLayoutEffect(() => {
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      setOver(true)
    }
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return
      event.preventDefault()
      setOver(false)
      const items = [...event.dataTransfer.items].filter(({ kind }) => kind === 'file')
      const isFolder = (item: DataTransferItem) => item.webkitGetAsEntry()?.isDirectory === true
      const dropped = items.filter((item) => !isFolder(item)).flatMap((item) => item.getAsFile() ?? [])
      onFiles(dropped, items.some(isFolder))
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [onFiles])
  return isOver
}
