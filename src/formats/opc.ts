/** What AASX (Part 5, IDTA-01005) uses of the Open Packaging Conventions (ISO/IEC 29500-2). */
import { partName } from './part-names.ts'

/** Relationship types of Part 5. Some packages spell them with `www.`. */
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
  /** Name of the target part. */
  readonly target?: string
  /** A target outside of the package. */
  readonly external?: string
}

/** The kind of a relationship in any spelling; undefined for types that AASX does not use. */
export function relationshipOf(type: string): Relationship['type'] | undefined {
  const plain = type.replace('http://www.admin-shell.io', 'http://admin-shell.io')
  const entries = Object.entries(RELATIONSHIPS) as [keyof typeof RELATIONSHIPS, string][]
  return entries.find(([, uri]) => uri === plain)?.[0]
}

/** Name of the relationships part of a part; of the package itself for ''. */
export function relationshipsOf(part: string): string {
  const slash = part.lastIndexOf('/')
  return `${part.slice(0, slash)}/_rels/${part.slice(slash + 1)}.rels`
}

/** Resolves a target relative to its source part; undefined if it leads out of the package. */
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

/** The media type by file name extension, for parts without a declared one. */
export function mediaTypeOf(name: string): string {
  return MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
}

/** The extension for a media type. */
export function extensionOf(contentType: string): string {
  const plain = contentType.split(';')[0]?.trim()
  return Object.entries(MEDIA_TYPES).find(([, type]) => type === plain)?.[0] ?? 'bin'
}
