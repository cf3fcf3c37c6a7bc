/**
 * Charsets of bodies: UTF-8 unless the content type declares another one; Korean gateways on Windows send CP949. Bytes
 * that are invalid in the charset are refused, never replaced.
 */
import { isUtf8 } from 'node:buffer'
import { HubError } from '../../errors.ts'

export interface Charset {
  readonly name: string
  readonly isUtf8: boolean
  /** Undefined where the bytes are invalid. */
  decode(bytes: Buffer): string | undefined
  /** Without the byte order mark that some editors write before UTF-8. */
  withoutByteOrderMark(bytes: Buffer): Buffer
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

const utf8: Charset = {
  name: 'UTF-8',
  isUtf8: true,
  decode: (bytes) => (isUtf8(bytes) ? bytes.toString() : undefined),
  withoutByteOrderMark: (bytes) =>
    bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes
}

/** Windows names of charsets that have another name in the Encoding Standard. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  ['cp949', 'ms949', 'uhc', 'x-windows-949'].map((name) => [name, 'euc-kr'])
)

/** Charsets in which a line feed has several bytes, or its byte is part of other characters. */
const NOT_LINE_BASED = /^(utf-16|iso-2022|replacement)/

/** The charset of a content type. @throws HubError `UnsupportedMediaType` for an unknown charset */
export function charsetOf(contentType: string): Charset {
  const declared = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8'
  if (declared === 'utf-8' || declared === 'utf8' || declared === 'us-ascii') return utf8
  const decoder = decoderOf(ALIASES.get(declared) ?? declared)
  if (decoder === undefined || NOT_LINE_BASED.test(decoder.encoding)) {
    throw new HubError('UnsupportedMediaType', [
      contentType,
      'charset=utf-8, euc-kr (cp949) and other supersets of ASCII'
    ])
  }
  if (decoder.encoding === 'utf-8') return utf8
  return {
    name: declared,
    isUtf8: false,
    decode(bytes) {
      try {
        return decoder.decode(bytes)
      } catch {
        return undefined
      }
    },
    withoutByteOrderMark: (bytes) => bytes
  }
}

function decoderOf(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal: true })
  } catch {
    return undefined
  }
}
