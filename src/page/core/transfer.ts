/** Sends a request and reports how much of its body is sent: of what browsers offer, only XMLHttpRequest does. */
import type { OnSent } from '../../client/api/http.ts'

/** Responses without a body, of which a `Response` may not be made with one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

export function transfer(url: string, init: RequestInit, onSent: OnSent): Promise<Response> {
  const { method = 'GET', headers, body, signal } = init
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const request = new XMLHttpRequest()
    request.open(method, url)
    request.responseType = 'blob'
    for (const [name, value] of new Headers(headers)) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(total === 0 ? 1 : loaded / total))
    request.upload.addEventListener('load', () => onSent(1))
    request.addEventListener('load', () => resolve(responseOf(request)))
    request.addEventListener('error', () => reject(new TypeError('the hub cannot be reached')))
    request.addEventListener('abort', () => reject(signal?.reason))
    signal?.addEventListener('abort', () => request.abort(), { once: true })
    request.send(body as XMLHttpRequestBodyInit | null)
  })
}

function responseOf(request: XMLHttpRequest): Response {
  const headers = new Headers()
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const { status } = request
  return new Response(WITHOUT_BODY.has(status) ? null : (request.response as Blob), { status, headers })
}
