/**
 * Names of entries in a ZIP directory. Non-ASCII names are UTF-8 if a flag says so, otherwise in an unknown local
 * encoding.
 */
import { type Entry, getFileNameLowLevel } from 'yauzl'

/** General purpose bit 11: the name is UTF-8 (APPNOTE 4.4.4). */
const UTF8_FLAG = 0x800

/** Info-ZIP's extra field with the name in UTF-8 (APPNOTE 4.6.9). */
const UNICODE_PATH = 0x7075

/** The name of an entry, then other possible decodings; with `/` between folders. */
export function entryNames(entry: Entry): readonly [string, ...string[]] {
  const { fileNameRaw: raw, generalPurposeBitFlag: flags, extraFields } = entry
  const hasUnicodePath = extraFields.some(({ id }) => id === UNICODE_PATH)
  if (hasUnicodePath || isAscii(raw)) return [getFileNameLowLevel(flags, raw, extraFields, false)]
  const utf8 = decode('utf-8', raw)
  if (utf8 !== undefined) return [utf8]
  const dos = getFileNameLowLevel(flags & ~UTF8_FLAG, raw, extraFields, false)
  // Korean Windows writes CP949 (`euc-kr` in the Encoding Standard). Western CP437 text rarely decodes to Hangul.
  const korean = decode('euc-kr', raw)
  if (korean === undefined) return [dos]
  return /\p{Script=Hangul}/u.test(korean) ? [korean, dos] : [dos, korean]
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80)
}

function decode(encoding: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes).replaceAll('\\', '/')
  } catch {
    return undefined
  }
}
