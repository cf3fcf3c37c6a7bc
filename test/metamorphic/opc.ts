/**
 * Reads a package by the letter of the Open Packaging Conventions and of RFC 3986, without any code of the hub: names
 * are compared as text, as strict readers do.
 */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { SaxesParser } from 'saxes'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'

export interface OpcPackage {
  /** Digests of all parts but those of the package itself, by name. */
  readonly files: ReadonlyMap<string, string>
  /** Values of File elements and paths of thumbnails, in document order, each with the part that it leads to. */
  readonly links: readonly { readonly link: string; readonly part: string | undefined }[]
  readonly thumbnail: string | undefined
  /** What is wrong by the letter. */
  readonly faults: readonly string[]
}

const TYPES = 'http://admin-shell.io/aasx/relationships'
const PART_NAME = /^(?:\/(?:[\w\-.~!$&'()*+,;=:@]|%[0-9A-F]{2})+)+$/

export async function readOpc(bytes: Buffer): Promise<OpcPackage> {
  const items = await unzip(bytes)
  const faults: string[] = []
  const text = (name: string) => items.get(name)?.toString() ?? ''
  const relations = (name: string) => (items.has(name) ? elementsOf(text(name), 'Relationship') : [])
  const spec = relations('/aasx/_rels/aasx-origin.rels').find(({ Type }) => Type === `${TYPES}/aas-spec`)?.Target ?? ''
  const specRels = `${spec.slice(0, spec.lastIndexOf('/'))}/_rels/${spec.slice(spec.lastIndexOf('/') + 1)}.rels`
  const own = [
    '/[Content_Types].xml',
    '/_rels/.rels',
    '/aasx/aasx-origin',
    '/aasx/_rels/aasx-origin.rels',
    specRels,
    spec
  ]
  const types = new Map(elementsOf(text('/[Content_Types].xml'), 'Override').map((it) => [it.PartName, it.ContentType]))
  const files = new Map<string, string>()
  for (const [name, content] of items) {
    if (own.includes(name)) continue
    files.set(name, createHash('sha256').update(content).digest('hex'))
    if (!PART_NAME.test(name) || /%2F|%5C|\.(\/|$)/.test(name)) faults.push(`${name} is no part name`)
    if (!types.get(name)) faults.push(`${name} has no content type`)
  }
  for (const { Target = '' } of relations(specRels))
    if (!files.has(Target)) faults.push(`${Target} is the target of a relationship, and no part`)
  const folded = new Set([...items.keys()].map((name) => name.toLowerCase()))
  if (folded.size !== items.size) faults.push('two names differ in case only')
  const links = linksIn(text(spec)).map((link) => ({ link, part: follow(link, spec, files) }))
  const thumbnail = relations('/_rels/.rels').find(({ Type = '' }) => Type.endsWith('/metadata/thumbnail'))?.Target
  return { files, links, thumbnail, faults }
}

/** RFC 3986, 5.2, against the document; a `file` URI is a path from the root. */
function follow(link: string, base: string, files: ReadonlyMap<string, string>): string | undefined {
  const rooted = link.replace(/^file:(\/\/)?(?=\/)/, '')
  if (/^[a-z][a-z0-9+.-]*:/i.test(rooted)) return undefined
  const segments = rooted.startsWith('/') ? [] : base.split('/').slice(1, -1)
  for (const segment of rooted.replace(/^\//, '').split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  const name = `/${segments.join('/')}`
  return files.has(name) ? name : undefined
}

async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip: ZipFile = await promisify<Buffer, { lazyEntries: true }, ZipFile>(fromBuffer)(bytes, { lazyEntries: true })
  const items = new Map<string, Buffer>()
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error)
        buffer(stream).then((content) => {
          items.set(`/${entry.fileName}`, content)
          zip.readEntry()
        }, reject)
      })
    })
    zip.on('end', () => resolve(items)).on('error', reject)
    zip.readEntry()
  })
}

function elementsOf(xml: string, element: string): Record<string, string>[] {
  const found: Record<string, string>[] = []
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => name === element && found.push(attributes as Record<string, string>))
  parser.write(xml).close()
  return found
}

/** What stands in `<file><value>` and `<defaultThumbnail><path>`. */
function linksIn(xml: string): string[] {
  const found: string[] = []
  const open: string[] = []
  const parser = new SaxesParser()
  parser.on('opentag', ({ name }) => open.push(name))
  parser.on('closetag', () => open.pop())
  parser.on('text', (text) => {
    if (/\/(file\/value|defaultThumbnail\/path)$/.test(open.join('/'))) found.push(text)
  })
  parser.write(xml).close()
  return found
}
