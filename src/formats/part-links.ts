/**
 * Links of a document to files of its package (`File.value`, `Resource.path`). Part 1 allows several forms, and real
 * packages use all of them: the part name, a `file` URI, and a path relative to the document or to the package root.
 */
import { partName } from './part-names.ts'

/** Folder of the document in packages written by the hub. */
export const DOCUMENT_FOLDER = '/aasx'

/**
 * The parts that a link may refer to, the most likely first; none if it leads out of the package.
 * @param document name of the part that contains the link
 */
export function partsOfLink(link: string, document: string): readonly string[] {
  const paths = pathsOf(link, document)
  // Unencoded `#` and `?` should start a fragment or query, but may be part of the name.
  const plain = paths.map((path) => path.replace(/[?#].*$/s, '')).filter((path) => path !== '/')
  return [...new Set([...paths, ...plain].map(partName))]
}

function pathsOf(link: string, document: string): string[] {
  const text = link.replaceAll('\\', '/')
  const colon = text.indexOf(':')
  const scheme = colon > 0 ? /^[a-z][a-z0-9+.-]*$/i.exec(text.slice(0, colon))?.[0].toLowerCase() : undefined
  if (scheme !== undefined) return scheme === 'file' ? pathsOfFileUri(text.slice(colon + 1)) : []
  if (text.startsWith('/')) return [absolute(text)]
  const folder = document.slice(0, document.lastIndexOf('/'))
  return [absolute(`${folder}/${text}`), absolute(text), absolute(`${DOCUMENT_FOLDER}/${text}`)]
}

/** `/path` and `///path`; in `//host/path` the host may be a folder or a real host. */
function pathsOfFileUri(rest: string): string[] {
  const host = /^\/\/[^/]+/.exec(rest)?.[0]
  return host === undefined ? [absolute(rest)] : [absolute(rest), absolute(rest.slice(host.length))]
}

/** Without empty segments and dot segments (RFC 3986, 5.2.4). */
function absolute(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

/** The name of the part for a link, in a package written by the hub. */
export function partForLink(link: string): string {
  const [fromDocument = '/file', fromRoot] = pathsOf(link, `${DOCUMENT_FOLDER}/`)
  return partName(fromRoot?.startsWith(`${DOCUMENT_FOLDER}/`) && !link.startsWith('.') ? fromRoot : fromDocument)
}

/**
 * Does the link lead every reader to the part, in a package written by the hub? True for the part name, a `file` URI, or
 * a path relative to the document by RFC 3986; not for other spellings, because readers compare texts.
 */
export function leadsTo(link: string, part: string): boolean {
  if (link === part || link === `file://${part}` || link === `file:${part}`) return true
  if (/^[a-z][a-z0-9+.-]*:|^\/|\/\/|\\/i.test(link)) return false
  return absolute(`${DOCUMENT_FOLDER}/${link}`) === part
}
