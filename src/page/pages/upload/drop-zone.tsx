/** Where files are dropped, anywhere on the page, or chosen by a dialog of the browser. */
import { useEffect, useState } from 'preact/hooks'
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
      <label class="button primary">
        {text.choose}
        <input
          type="file"
          class="visually-hidden"
          multiple
          accept=".aasx,.xml,.json"
          onChange={({ currentTarget }) => {
            onFiles([...(currentTarget.files ?? [])], false)
            // The same file may be chosen again, when it was changed.
            currentTarget.value = ''
          }}
        />
      </label>
    </div>
  )
}

/** A file that is dropped beside the zone would otherwise be opened by the browser, in the place of the page. */
function useDroppedFiles(onFiles: DropZoneProps['onFiles']): boolean {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
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
