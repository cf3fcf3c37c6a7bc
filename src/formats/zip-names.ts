/**
 * Names of items in a ZIP directory. They should be ASCII; what is not is UTF-8 where a flag says so, and otherwise in
 * whatever the packing machine spoke.
 */
import { type Entry, getFileNameLowLevel } from 'yauzl'

/** General purpose bit 11: the name is UTF-8 (APPNOTE 4.4.4). */
const UTF8_FLAG = 0x800

/** Info-ZIP's extra field that repeats the name in UTF-8 (APPNOTE 4.6.9). */
const UNICODE_PATH = 0x7075

/** The name of an item, and others that it may have been meant to have; with `/` between folders. */
export function entryNames(entry: Entry): readonly [string, ...string[]] {
  const { fileNameRaw: raw, generalPurposeBitFlag: flags, extraFields } = entry
  const hasUnicodePath = extraFields.some(({ id }) => id === UNICODE_PATH)
  if (hasUnicodePath || isAscii(raw)) return [getFileNameLowLevel(flags, raw, extraFields, false)]
  const utf8 = decode('utf-8', raw)
  if (utf8 !== undefined) return [utf8]
  const dos = getFileNameLowLevel(flags & ~UTF8_FLAG, raw, extraFields, false)
  // Windows in Korea writes CP949, which the web calls euc-kr. Western letters of CP437 rarely make Hangul.
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
