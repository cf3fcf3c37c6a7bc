/** Repairs of the thumbnail: its part, the relationship to it, and the path in the shell. */
import { Readable } from 'node:stream'
import { crc32, deflateSync } from 'node:zlib'
import { mediaTypeOf } from '../../../formats/opc.ts'
import { partKey } from '../../../formats/part-names.ts'
import type { Repair } from './repair.ts'

const PART = '/thumbnail.png'

/**
 * The picture that the shell names, else the one that the package names; where there is none, a grey placeholder that a
 * person has to replace.
 */
export const thumbnail: Repair = ({ draft, rule }) => {
  // A thumbnail is a part of a package.
  if (draft.origin.package === undefined) return
  // The package names one picture, that of its first shell.
  const first = draft.documents.find(({ modelType }) => modelType === 'AssetAdministrationShell')
  for (const document of draft.documents) {
    if (document.modelType !== 'AssetAdministrationShell') continue
    const path = document.assetInformation?.defaultThumbnail?.path
    const named = path === undefined ? undefined : (withoutScheme(path) ?? path)
    const index = draft.files.findIndex(({ name }) => named !== undefined && partKey(name) === partKey(named))
    const found = draft.files[index] ?? draft.files.find((file) => file.thumbnail)
    if (found === undefined) {
      const part = named !== undefined && /^\/[^/]+\.png$/i.test(named) ? named : PART
      draft.addFile(rule, placeholder(part), 'draft')
    }
    const file = found ?? draft.files.find(({ contentType }) => contentType === 'image/png')
    if (file === undefined) continue
    if (!file.thumbnail && document === first) {
      for (const [at, one] of draft.files.entries()) draft.files[at] = { ...one, thumbnail: one === file }
      draft.changes.push({ rule: rule.id, pointer: file.name, is: 'relationship "thumbnail"', kind: 'changed' })
    }
    if (path === file.name) continue
    draft.set(rule, document, ['assetInformation', 'defaultThumbnail'], {
      path: file.name,
      contentType: document.assetInformation?.defaultThumbnail?.contentType ?? mediaTypeOf(file.name)
    })
  }
}

function withoutScheme(path: string): string | undefined {
  return /^file:(?:\/\/)?(\/.*)$/.exec(path)?.[1]
}

/** A grey picture, which a person has to replace. */
export function placeholder(name: string) {
  return { name, contentType: 'image/png', thumbnail: true, open: async () => Readable.from([picture()]) }
}

const SIDE = 64

/** A grey square as PNG. */
function picture(): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(SIDE, 0)
  header.writeUInt32BE(SIDE, 4)
  // 8 bits of grey.
  header.set([8, 0, 0, 0, 0], 8)
  const rows = Buffer.alloc(SIDE * (SIDE + 1), 0xb0)
  for (let row = 0; row < SIDE; row++) rows[row * (SIDE + 1)] = 0
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0))
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(typed))
  return Buffer.concat([length, typed, checksum])
}
