/** The files that are stored with a document: those that it links to, and what came with it in a package. */
import { partForLink } from '../formats/part-links.ts'
import { fileLinksOf } from '../model/file-links.ts'
import type { Change, Document, DocumentKind, FileEntry, Store } from '../store/store.ts'

/** The links of a document to files, each once. */
export function linksOf(document: unknown, kind: DocumentKind): ReadonlySet<string> {
  return new Set(Array.from(fileLinksOf(document, kind), ({ link }) => link))
}

/** Files that the document referred to and no longer does leave with the change that let go of them. */
export async function orphans(store: Store, before: Document, after: unknown): Promise<readonly Change[]> {
  const { kind, id } = before
  const files = await store.files(kind, id)
  if (files.length === 0) return []
  const stays = linksOf(after, kind)
  const links = linksOf(JSON.parse(before.bytes.toString()), kind)
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

/** The name that a stored file should have in a package. */
export function partForFile(file: FileEntry, extension: string): string {
  if (!isPackageThumbnail(file)) return partForLink(file.name)
  return file.name === THUMBNAIL ? `/${THUMBNAIL}.${extension}` : file.name.slice(THUMBNAIL.length + 1)
}

/** The picture of a shell: the one that it names, else that of its package. */
export async function storedThumbnail(
  store: Store,
  id: string,
  path: string | undefined
): Promise<FileEntry | undefined> {
  if (path !== undefined) return store.file('AssetAdministrationShell', id, path)
  const files = await store.files('AssetAdministrationShell', id)
  return files.find(isPackageThumbnail)
}
