/** What went wrong, as a sentence, and what can be done. */
import { ApiError } from '../../client/api/http.ts'
import { defineMessages } from '../core/messages.ts'
import { HubMessages } from './hub-messages.tsx'
import { Notice } from './notice.tsx'

const messages = defineMessages(
  {
    unreachable: 'The hub cannot be reached. It may be restarting, or this computer has no connection to it.',
    unauthorized: 'The hub does not know you any more. Sign in again.',
    forbidden: 'You may not do this.',
    notFound: 'It does not exist, or you may not see it.',
    conflict: 'This was changed in the meantime. Read it again, then repeat the change.',
    tooMany: 'Too many requests. Wait a moment, then try again.',
    unavailable: 'The hub cannot do this now. Try again in a moment.',
    failed: 'The hub could not do this.',
    broken: 'Something unexpected happened in this page.',
    retry: 'Try again'
  },
  {
    ko: {
      unreachable: '허브에 연결할 수 없습니다. 허브가 다시 시작되는 중이거나 네트워크가 끊겼을 수 있습니다.',
      unauthorized: '로그인이 만료되었습니다. 다시 로그인하십시오.',
      forbidden: '이 작업을 할 권한이 없습니다.',
      notFound: '존재하지 않거나 볼 권한이 없습니다.',
      conflict: '그 사이에 내용이 변경되었습니다. 다시 불러온 뒤 변경하십시오.',
      tooMany: '요청이 너무 많습니다. 잠시 후 다시 시도하십시오.',
      unavailable: '지금은 허브가 이 작업을 할 수 없습니다. 잠시 후 다시 시도하십시오.',
      failed: '허브가 이 작업을 수행하지 못했습니다.',
      broken: '페이지에서 예상하지 못한 문제가 발생했습니다.',
      retry: '다시 시도'
    }
  }
)

export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const text = messages()
  return (
    <Notice kind="error">
      <p>{failureText(error)}</p>
      <HubMessages texts={hubTexts(error)} />
      {onRetry !== undefined && (
        <button type="button" class="button" onClick={onRetry}>
          {text.retry}
        </button>
      )}
    </Notice>
  )
}

/** What the hub says of it. */
export function hubTexts(error: unknown): readonly string[] {
  return error instanceof ApiError ? error.messages.map(({ text }) => text) : []
}

/** In the reader's language. */
export function failureText(error: unknown): string {
  const text = messages()
  if (!(error instanceof ApiError)) return `${text.broken} ${error instanceof Error ? error.message : ''}`
  switch (error.status) {
    case 0:
      return text.unreachable
    case 401:
      return text.unauthorized
    case 403:
      return text.forbidden
    case 404:
      return text.notFound
    case 409:
    case 412:
      return text.conflict
    case 429:
      return text.tooMany
    case 503:
      return text.unavailable
    default:
      return text.failed
  }
}
