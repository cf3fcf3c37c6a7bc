/** Why something could not be done with a file, and what the hub says of it. */
import { ApiError } from '../../../client/api/http.ts'
import { failureText, hubTexts } from '../../ui/failure.tsx'
import { HubMessages } from '../../ui/hub-messages.tsx'
import { Notice } from '../../ui/notice.tsx'
import { uploadMessages } from './messages.ts'
import type { FileWork } from './queue.ts'

export function UploadProblem({ work, error }: { readonly work: FileWork; readonly error: unknown }) {
  return (
    <Notice kind="error">
      <p>{problemText(work, error)}</p>
      <HubMessages texts={hubTexts(error)} />
    </Notice>
  )
}

function problemText(work: FileWork, error: unknown): string {
  const text = uploadMessages()
  if (!(error instanceof ApiError)) return failureText(error)
  switch (error.status) {
    case 0:
      return text[`lost_${work}`]
    case 400:
      return work === 'store' ? text.refused : text.unreadable
    case 403:
      return text[`noRight_${work}`]
    case 413:
      return text.tooLarge
    case 415:
      return text.wrongType
    case 503:
      return text.busy
    case 507:
      return text.full
    default:
      return failureText(error)
  }
}
