/**
 * How a document refers to a file of the package that it lies in (`File.value`, `Resource.path`). Part 1 leaves several
 * ways, and packages in the field use them all: the name of the part, a URI of the scheme `file`, and a path that is
 * relative to the document or to the root of the package.
 */
import { partName } from './part-names.ts'

/** Where the document lies in the packages that we write. */
export const DOCUMENT_FOLDER = '/aasx'

/**
 * The parts that a link may mean, the likeliest first; none where it leads out of the package.
 * @param document name of the part that the link stands in
 */
export function partsOfLink(link: string, document: string): readonly string[] {
  const paths = pathsOf(link, document)
  // A `#` or `?` that is no part of the name should have been the only ones that are not percent-encoded.
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

/** `/path`, `///path`; of `//host/path` the host is a folder, unless somebody meant a machine. */
function pathsOfFileUri(rest: string): string[] {
  const host = /^\/\/[^/]+/.exec(rest)?.[0]
  return host === undefined ? [absolute(rest)] : [absolute(rest), absolute(rest.slice(host.length))]
}

/** Without dot segments (RFC 3986, 5.2.4) and empty ones. */
function absolute(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

/** The name that a part should have, so that this link leads to it in a package that we write. */
export function partForLink(link: string): string {
  const [fromDocument = '/file', fromRoot] = pathsOf(link, `${DOCUMENT_FOLDER}/`)
  return partName(fromRoot?.startsWith(`${DOCUMENT_FOLDER}/`) && !link.startsWith('.') ? fromRoot : fromDocument)
}

/**
 * Does this link lead any reader to the part, in a package that we write? As a part name, as a `file` URI, or by RFC
 * 3986 relative to the document; a link in another spelling does not, because readers compare text.
 */
export function leadsTo(link: string, part: string): boolean {
  if (link === part || link === `file://${part}` || link === `file:${part}`) return true
  if (/^[a-z][a-z0-9+.-]*:|^\/|\/\/|\\/i.test(link)) return false
  return absolute(`${DOCUMENT_FOLDER}/${link}`) === part
}
