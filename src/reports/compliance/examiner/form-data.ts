/** A form with one file and some fields (RFC 7578), as one buffer, so that it can be recorded and sent again. */
import type { RequestContent } from '../examined-hub.ts'

const BOUNDARY = 'examination-boundary'

export interface FormFile {
  readonly name: string
  readonly contentType: string
  readonly bytes: string | Uint8Array
}

export function formWith(file: FormFile, fields: Readonly<Record<string, string>> = {}): RequestContent {
  const text = Object.entries(fields).map(([name, value]) => part(`name="${name}"`, [], value))
  const head = `name="file"; filename="${file.name}"`
  const body = Buffer.concat([
    ...text,
    part(head, [`content-type: ${file.contentType}`], file.bytes),
    Buffer.from(`--${BOUNDARY}--\r\n`)
  ])
  return { headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }, body }
}

function part(disposition: string, headers: readonly string[], content: string | Uint8Array): Buffer {
  const lines = [`--${BOUNDARY}`, `content-disposition: form-data; ${disposition}`, ...headers, '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n')), Buffer.from(content as Uint8Array), Buffer.from('\r\n')])
}
