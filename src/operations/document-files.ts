/** The files stored with a document: those that it links to, and others of its package. */
import { createHash } from 'node:crypto'
import { partForLink } from '../formats/part-links.ts'
import { decodePartName, portableSegment } from '../formats/part-names.ts'
import { fileLinksOf } from '../model/file-links.ts'
import type { DocumentStore } from '../store/document-store.ts'
import type { Change, DocumentHead, DocumentKind, FileEntry } from '../store/store.ts'

/** The links of a document to files, each once. */
export function linksOf(document: unknown, kind: DocumentKind): ReadonlySet<string> {
  return new Set(Array.from(fileLinksOf(document, kind), ({ link }) => link))
}

type Before = DocumentHead & { readonly bytes?: Buffer }

/** The change that removes files which a document no longer links to. */
export async function orphans(store: DocumentStore, before: Before, after: unknown): Promise<readonly Change[]> {
  const { kind, id, bytes } = before
  const files = await store.files(kind, id)
  // The links of a damaged document are unknown: its files stay.
  if (files.length === 0 || bytes === undefined) return []
  const stays = linksOf(after, kind)
  const links = linksOf(JSON.parse(bytes.toString()), kind)
  const names = files.map((file) => file.name).filter((name) => links.has(name) && !stays.has(name))
  return names.length === 0 ? [] : [{ change: 'detach', kind, id, names }]
}

/**
 * Name prefix of a package's thumbnail, stored with its first shell. No part of a package can have this name, so it never
 * collides with a link. Earlier versions stored it without the name of the part.
 */
const THUMBNAIL = 'thumbnail'

export function packageThumbnail(partName: string): string {
  return `${THUMBNAIL}:${partName}`
}

/** Whether a file is the thumbnail of the document's package. */
export function isPackageThumbnail({ name }: FileEntry): boolean {
  return name === THUMBNAIL || name.startsWith(`${THUMBNAIL}:`)
}

/** The folder of a document's attachments, unique per document, so that all fit in one package. */
export function attachmentFolder(id: string, idShortPath?: string): string {
  const folder = `/aasx/files/${digest(id)}`
  if (idShortPath === undefined) return folder
  // idShorts stored leniently may have characters that part names cannot contain.
  const isPlain = /^\w[\w.[\]-]*$/.test(idShortPath)
  return `${folder}/${isPlain ? idShortPath.replaceAll('[', '.').replaceAll(']', '') : digest(idShortPath)}`
}

/** The name of an attachment, without the path that some browsers send. */
export function attachmentName(folder: string, fileName: string): string {
  return `${folder}/${portableSegment(fileName.split(/[\\/]/).at(-1) ?? '')}`
}

/** Attachment names of earlier versions, some of which other software cannot open in packages. */
const EARLIER_ATTACHMENT = /^(\/aasx\/files\/[0-9a-f]{12}(?:\/[^/]+)?)\/([^/]+)$/

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** The name that a stored file should have in a package. */
export function partForFile(file: FileEntry, extension: string): string {
  const [, folder, name] = EARLIER_ATTACHMENT.exec(file.name) ?? []
  if (folder !== undefined && name !== undefined) return `${portable(folder)}/${portable(name)}`
  if (!isPackageThumbnail(file)) return partForLink(file.name)
  return file.name === THUMBNAIL ? `/${THUMBNAIL}.${extension}` : file.name.slice(THUMBNAIL.length + 1)
}

function portable(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment === '' ? '' : portableSegment(decodePartName(segment))))
    .join('/')
}

/** The thumbnail of a shell: its `defaultThumbnail`, else that of its package. */
export async function storedThumbnail(
  store: DocumentStore,
  id: string,
  path: string | undefined
): Promise<FileEntry | undefined> {
  if (path !== undefined) return store.file('AssetAdministrationShell', id, path)
  const files = await store.files('AssetAdministrationShell', id)
  return files.find(isPackageThumbnail)
}
