/** The files that are stored with a document: those that it links to, and what came with it in a package. */
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

/** Files that the document referred to and no longer does leave with the change that let go of them. */
export async function orphans(store: DocumentStore, before: Before, after: unknown): Promise<readonly Change[]> {
  const { kind, id, bytes } = before
  const files = await store.files(kind, id)
  // To which files a damaged document referred is not known: they stay with it.
  if (files.length === 0 || bytes === undefined) return []
  const stays = linksOf(after, kind)
  const links = linksOf(JSON.parse(bytes.toString()), kind)
  const names = files.map((file) => file.name).filter((name) => links.has(name) && !stays.has(name))
  return names.length === 0 ? [] : [{ change: 'detach', kind, id, names }]
}

/**
 * The name of a package's own thumbnail, kept with its first shell. No link is spelled so, because no part of a package
 * can be called so; data of earlier versions have it without the name of the part.
 */
const THUMBNAIL = 'thumbnail'

export function packageThumbnail(partName: string): string {
  return `${THUMBNAIL}:${partName}`
}

/** Is this file the thumbnail of the package that the document came in? */
export function isPackageThumbnail({ name }: FileEntry): boolean {
  return name === THUMBNAIL || name.startsWith(`${THUMBNAIL}:`)
}

/** Where the attachments of a document lie, apart from those of others, so that all can lie in one package. */
export function attachmentFolder(id: string, idShortPath?: string): string {
  const folder = `/aasx/files/${digest(id)}`
  if (idShortPath === undefined) return folder
  // What was taken leniently may have signs that a part name has no place for.
  const isPlain = /^\w[\w.[\]-]*$/.test(idShortPath)
  return `${folder}/${isPlain ? idShortPath.replaceAll('[', '.').replaceAll(']', '') : digest(idShortPath)}`
}

/** The name of an attachment, without the folders that some browsers and Windows put before it. */
export function attachmentName(folder: string, fileName: string): string {
  return `${folder}/${portableSegment(fileName.split(/[\\/]/).at(-1) ?? '')}`
}

/** Names that earlier versions gave to attachments; others cannot open packages with some of them. */
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

/** The picture of a shell: the one that it names, else that of its package. */
export async function storedThumbnail(
  store: DocumentStore,
  id: string,
  path: string | undefined
): Promise<FileEntry | undefined> {
  if (path !== undefined) return store.file('AssetAdministrationShell', id, path)
  const files = await store.files('AssetAdministrationShell', id)
  return files.find(isPackageThumbnail)
}
