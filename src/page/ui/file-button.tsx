/** A button that lets the reader choose files. */
import type { ComponentChildren } from 'preact'
import './file-button.css'

export interface FileButtonProps {
  readonly children: ComponentChildren
  /** Classes beside `button`. */
  readonly kind: 'primary' | 'small'
  readonly isMultiple?: boolean
  /** Media types and endings of names that the dialog offers. */
  readonly accept?: string | undefined
  readonly onFiles: (files: readonly File[]) => void
}

export function FileButton({ children, kind, isMultiple = false, accept, onFiles }: FileButtonProps) {
  return (
    <label class={`button ${kind} file-button`}>
      {children}
      <input
        type="file"
        class="visually-hidden"
        multiple={isMultiple}
        accept={accept}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])])
          // The same file may be chosen again, when it was changed.
          currentTarget.value = ''
        }}
      />
    </label>
  )
}
