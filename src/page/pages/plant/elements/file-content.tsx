/** Files and blobs: download, and preview of what a browser shows safely. */
import { useEffect, useState } from 'preact/hooks'
import type { Element } from '../../../../client/api/aas.ts'
import { readAttachment, readBlob, writeAttachment } from '../../../../client/api/elements.ts'
import type { OnSent } from '../../../../client/api/http.ts'
import { hub } from '../../../core/hub.ts'
import { save } from '../../../core/save.ts'
import { failureText } from '../../../ui/failure.tsx'
import { Icon } from '../../../ui/icon.tsx'
import { rereadPictures } from '../parts/attachment-picture.tsx'
import { FileSender } from '../parts/file-sender.tsx'
import { WebLink } from '../parts/reference-link.tsx'
import { useElements } from './context.ts'
import { elementMessages } from './messages.ts'

/** Longer texts are cut. */
const MAX_PREVIEW_CHARACTERS = 100_000

export interface FileContentProps {
  readonly element: Element
  readonly path: string
  readonly name: string
}

export function FileContent({ element, path, name }: FileContentProps) {
  const text = elementMessages()
  const { submodel } = useElements()
  // Another file may have the same name.
  const [round, setRound] = useState(0)
  const value = typeof element.value === 'string' ? element.value : ''
  const send = async (file: File, onSent: OnSent) => {
    await writeAttachment(hub(), submodel, path, file, onSent)
    setRound(round + 1)
    rereadPictures()
  }
  return (
    <div class="row file-content">
      {value === '' ? (
        <span class="muted">{text.noFile}</span>
      ) : // A file elsewhere: the hub does not fetch it for its readers.
      /^https?:/.test(value) ? (
        <WebLink text={value} />
      ) : (
        <Document
          key={`${value} ${round}`}
          name={fileNameOf(value) ?? name}
          contentType={element.contentType ?? ''}
          read={() => readAttachment(hub(), submodel, path)}
        />
      )}
      <FileSender label={text.uploadFile(name)} onSend={send} />
    </div>
  )
}

/** Names of parts are percent-encoded. */
function fileNameOf(value: string): string | undefined {
  const name = value.split('/').at(-1)
  try {
    return name && decodeURIComponent(name)
  } catch {
    return name
  }
}

export function BlobContent({ element, path, name }: FileContentProps) {
  const { submodel } = useElements()
  return (
    <Document
      name={name}
      contentType={element.contentType ?? 'application/octet-stream'}
      read={() => readBlob(hub(), submodel, path)}
    />
  )
}

interface DocumentProps {
  readonly name: string
  readonly contentType: string
  readonly read: () => Promise<Blob>
}

function Document({ name, contentType, read }: DocumentProps) {
  const text = elementMessages()
  const [shown, setShown] = useState<Blob>()
  const [problem, setProblem] = useState<string>()
  const use = async (action: (blob: Blob) => void) => {
    setProblem(undefined)
    try {
      action(await read())
    } catch (error) {
      setProblem(failureText(error))
    }
  }
  const kind = previewKind(contentType)
  return (
    <div class="document">
      <div class="row">
        <Icon name="file" />
        <span class="document-name">{name}</span>
        <span class="badge">{contentType}</span>
        <button type="button" class="button small" onClick={() => void use((blob) => save(blob, name))}>
          <Icon name="download" />
          {text.download}
        </button>
        {kind !== undefined && (
          <button
            type="button"
            class="button small"
            aria-expanded={shown !== undefined}
            onClick={() => (shown === undefined ? void use(setShown) : setShown(undefined))}
          >
            {shown === undefined ? text.preview : text.closePreview}
          </button>
        )}
      </div>
      {problem !== undefined && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
      {shown !== undefined && kind !== undefined && <Preview blob={shown} kind={kind} name={name} />}
    </div>
  )
}

type PreviewKind = 'image' | 'pdf' | 'text'

/** Nothing of a file is run: a page of HTML is shown as its text. */
function previewKind(contentType: string): PreviewKind | undefined {
  if (contentType.startsWith('image/')) return 'image'
  if (contentType === 'application/pdf') return 'pdf'
  if (/^text\/|[/+](?:json|xml)$/.test(contentType)) return 'text'
  return undefined
}

function Preview({ blob, kind, name }: { readonly blob: Blob; readonly kind: PreviewKind; readonly name: string }) {
  const [url, setUrl] = useState<string>()
  const [content, setContent] = useState('')
  useEffect(() => {
    if (kind === 'text') {
      void blob.slice(0, MAX_PREVIEW_CHARACTERS).text().then(setContent)
      return
    }
    // Whatever the file claims to be, it is taken for what is shown here.
    const type = kind === 'pdf' ? 'application/pdf' : blob.type.startsWith('image/') ? blob.type : 'image/png'
    const made = URL.createObjectURL(new Blob([blob], { type }))
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob, kind])
  // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard
  if (kind === 'text') return <pre tabIndex={0}>{content}</pre>
  if (url === undefined) return null
  if (kind === 'image') return <img class="document-image" src={url} alt={name} />
  return <iframe class="document-pdf" src={url} title={name} />
}
