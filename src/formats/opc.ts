/** The parts of the Open Packaging Conventions (ISO/IEC 29500-2) that AASX (Part 5, IDTA-01005) builds on. */
import { partName } from './part-names.ts'

/** Relationship types of Part 5. Packages in the wild also spell them with `www.`. */
export const RELATIONSHIPS = {
  origin: 'http://admin-shell.io/aasx/relationships/aasx-origin',
  spec: 'http://admin-shell.io/aasx/relationships/aas-spec',
  split: 'http://admin-shell.io/aasx/relationships/aas-spec-split',
  supplement: 'http://admin-shell.io/aasx/relationships/aas-suppl',
  thumbnail: 'http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail'
} as const

export const CONTENT_TYPES = '[Content_Types].xml'
export const RELATIONSHIP_TYPE = 'application/vnd.openxmlformats-package.relationships+xml'
export const RELATIONSHIP_NAMESPACE = 'http://schemas.openxmlformats.org/package/2006/relationships'
export const CONTENT_TYPE_NAMESPACE = 'http://schemas.openxmlformats.org/package/2006/content-types'

export interface Relationship {
  readonly type: keyof typeof RELATIONSHIPS
  /** Name of the part that it leads to. */
  readonly target?: string
  /** What it leads to out of the package. */
  readonly external?: string
}

/** The kind of a relationship, whichever spelling; undefined for one that AASX has no use for. */
export function relationshipOf(type: string): Relationship['type'] | undefined {
  const plain = type.replace('http://www.admin-shell.io', 'http://admin-shell.io')
  const entries = Object.entries(RELATIONSHIPS) as [keyof typeof RELATIONSHIPS, string][]
  return entries.find(([, uri]) => uri === plain)?.[0]
}

/** The name of the part that holds the relationships of a part; of the package itself for ''. */
export function relationshipsOf(part: string): string {
  const slash = part.lastIndexOf('/')
  return `${part.slice(0, slash)}/_rels/${part.slice(slash + 1)}.rels`
}

/** A target, relative to the part that names it, as a part name; undefined where it leads out of the package. */
export function resolveTarget(source: string, target: string): string | undefined {
  const url = URL.parse(target.replaceAll('\\', '/'), `opc:${source === '' ? '/' : source}`)
  return url === null || url.protocol !== 'opc:' || url.host !== '' ? undefined : partName(url.pathname)
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  svg: 'image/svg+xml',
  xml: 'text/xml',
  json: 'application/json',
  txt: 'text/plain',
  csv: 'text/csv'
}

/** The media type of a file name's extension, where the package does not say it. */
export function mediaTypeOf(name: string): string {
  return MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
}

/** The extension for a media type. */
export function extensionOf(contentType: string): string {
  const plain = contentType.split(';')[0]?.trim()
  return Object.entries(MEDIA_TYPES).find(([, type]) => type === plain)?.[0] ?? 'bin'
}
