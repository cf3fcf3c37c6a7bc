/** What can be made of a machine. */
import { useState } from 'preact/hooks'
import { type DocumentDescription, downloadDocument, listDocuments } from '../../../client/api/documents.ts'
import { ApiError } from '../../../client/api/http.ts'
import { hub } from '../../core/hub.ts'
import { LANGUAGES, language as readerLanguage } from '../../core/language.ts'
import { save } from '../../core/save.ts'
import { useLoad } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { documentMessages } from './messages.ts'

export interface DocumentSetProps {
  /** Identifier of the shell of the machine. */
  readonly shell: string
  /** Of the documents; undefined: the reader's. */
  readonly language: string | undefined
  readonly onLanguage: (language: string) => void
}

export function DocumentSet({ shell, language = readerLanguage.value, onLanguage }: DocumentSetProps) {
  const text = documentMessages()
  const { value, error, reload } = useLoad('documents', (signal) => listDocuments(hub(), signal))
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading label={text.loading} />
  return (
    <>
      <label class="field documents-language">
        <span>{text.language}</span>
        <select value={language} onChange={({ currentTarget }) => onLanguage(currentTarget.value)}>
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <ul class="documents-list">
        {value.map((document) => (
          <DocumentRow key={document.name} document={document} shell={shell} language={language} />
        ))}
      </ul>
    </>
  )
}

interface DocumentRowProps {
  readonly document: DocumentDescription
  readonly shell: string
  readonly language: string
}

function DocumentRow({ document, shell, language }: DocumentRowProps) {
  const text = documentMessages()
  const title = document.title[readerLanguage.value]
  const [format, setFormat] = useState(document.format)
  const [isMaking, setMaking] = useState(false)
  const [error, setError] = useState<unknown>()
  const download = async () => {
    setMaking(true)
    setError(undefined)
    try {
      const file = await downloadDocument(hub(), document.name, { aasId: shell, format, language })
      save(file.content, file.name)
    } catch (reason) {
      setError(reason)
    }
    setMaking(false)
  }
  return (
    <li>
      <div class="documents-row">
        <div class="spacer">
          <strong>{title}</strong>
          <div class="muted">{hintOf(document.name)}</div>
        </div>
        <select
          aria-label={text.formatOf(title)}
          value={format}
          onChange={({ currentTarget }) => setFormat(currentTarget.value)}
        >
          {document.formats.map((one) => (
            <option key={one} value={one}>
              {one.toUpperCase()}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="button"
          aria-label={`${text.download}: ${title}`}
          disabled={isMaking}
          onClick={() => void download()}
        >
          <Icon name="download" />
          {text.download}
        </button>
      </div>
      {isMaking && <Loading label={text.making} />}
      {error !== undefined && (
        <>
          <Failure error={error} />
          {error instanceof ApiError && format === 'pdf' && <p class="muted">{text.pdfHow}</p>}
        </>
      )}
    </li>
  )
}

/** What it contains. Documents of a newer hub have none here. */
function hintOf(name: string): string | undefined {
  const hint = (documentMessages() as Readonly<Record<string, unknown>>)[`hint_${name}`]
  return typeof hint === 'string' ? hint : undefined
}
