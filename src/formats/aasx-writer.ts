/** AASX packages, written as a stream. */
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Identifiable } from '../model/types.ts'
import { writeJson } from './environment.ts'
import {
  CONTENT_TYPE_NAMESPACE,
  CONTENT_TYPES,
  encodeName,
  extensionOf,
  nameKey,
  RELATIONSHIP_NAMESPACE,
  RELATIONSHIP_TYPE,
  RELATIONSHIPS,
  relationshipsOf
} from './opc.ts'
import { writeXml } from './xml-writer.ts'

/** A file that goes into the package. */
export interface PackageFile {
  /** Part name, e.g. `/aasx/files/manual.pdf`. */
  readonly name: string
  readonly contentType: string
  /** The picture of the package as a whole. */
  readonly thumbnail?: boolean
  open(): Promise<Readable>
}

export interface PackageContent {
  /** Grouped: shells, submodels, concept descriptions. */
  readonly identifiables: AsyncIterable<Identifiable>
  readonly files: readonly PackageFile[]
  readonly form: 'xml' | 'json'
}

const ROOT = '/_rels/.rels'
const ORIGIN = '/aasx/aasx-origin'

/** The same content gives the same bytes, whatever the time zone. */
const OPTIONS = { mtime: new Date(2000, 0, 1), mode: 0o100644, forceDosTimestamp: true }

/**
 * Writes a package; nothing of it is held in memory. Part names are compared without regard to case: of two files
 * whose names are the same so, the second gets a name that no document refers to.
 */
export function writeAasx({ identifiables, files, form }: PackageContent): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  const taken = new Set([`/${CONTENT_TYPES}`, ROOT, ORIGIN, relationshipsOf(ORIGIN)].map(nameKey))
  const parts = files.map((file) => ({ ...file, part: freeName(partName(file), taken) }))
  const spec = freeName(`/aasx/data.${form}`, taken)
  const text = (part: string, content: string) => zip.addBuffer(Buffer.from(content), part.slice(1), OPTIONS)
  let source: Readable | undefined
  output.once('close', () => source?.destroy())
  const stream = (part: string, open: () => Promise<Readable>) =>
    zip.addReadStreamLazy(part.slice(1), OPTIONS, (done) => {
      open().then(
        (bytes) => {
          // yazl looks neither after the errors of what it reads, nor after what is open when its reader leaves.
          bytes.on('error', (error) => output.destroy(error))
          if (output.destroyed) bytes.destroy()
          source = bytes
          done(null, bytes)
        },
        (error: unknown) => done(error, Readable.from([]))
      )
    })

  text(`/${CONTENT_TYPES}`, contentTypes(form, spec, parts))
  const thumbnail = parts.find((file) => file.thumbnail)
  text(
    ROOT,
    relationships([
      [RELATIONSHIPS.origin, ORIGIN],
      ...(thumbnail ? [[RELATIONSHIPS.thumbnail, thumbnail.part] as const] : [])
    ])
  )
  text(ORIGIN, 'Intentionally empty.')
  text(relationshipsOf(ORIGIN), relationships([[RELATIONSHIPS.spec, spec]]))
  const supplements = parts.map(({ part }) => [RELATIONSHIPS.supplement, part] as const)
  if (supplements.length > 0) text(relationshipsOf(spec), relationships(supplements))
  stream(spec, async () => Readable.from((form === 'xml' ? writeXml : writeJson)(identifiables)))
  for (const { part, open } of parts) stream(part, open)
  zip.end()
  zip.on('error', (error: Error) => output.destroy(error))
  return output
}

/** A part name begins with a slash; one that a document chose without stays recognisable. */
function partName({ name, contentType }: PackageFile): string {
  const complete = name.startsWith('/') || name.includes('.') ? name : `${name}.${extensionOf(contentType)}`
  return encodeName(complete)
}

/** The name, or one like it where it is taken; it is taken then. */
function freeName(name: string, taken: Set<string>): string {
  const [, stem = name, extension = ''] = /^(.*?)(\.[^./]*)?$/.exec(name) ?? []
  let free = name
  for (let number = 2; taken.has(nameKey(free)); number++) free = `${stem}-${number}${extension}`
  taken.add(nameKey(free))
  return free
}

function relationships(targets: readonly (readonly [type: string, target: string])[]): string {
  const lines = targets.map(
    ([type, target], index) => `<Relationship Id="R${index + 1}" Type="${type}" Target="${attribute(target)}"/>`
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="${RELATIONSHIP_NAMESPACE}">${lines.join('')}</Relationships>\n`
}

function contentTypes(form: string, spec: string, parts: readonly { part: string; contentType: string }[]): string {
  const types: [string, string][] = [
    [ORIGIN, 'text/plain'],
    [spec, form === 'xml' ? 'text/xml' : 'application/json'],
    ...parts.map(({ part, contentType }): [string, string] => [part, contentType])
  ]
  const overrides = types.map(
    ([part, type]) => `<Override PartName="${attribute(part)}" ContentType="${attribute(type)}"/>`
  )
  const relations = `<Default Extension="rels" ContentType="${RELATIONSHIP_TYPE}"/>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Types xmlns="${CONTENT_TYPE_NAMESPACE}">${relations}${overrides.join('')}</Types>\n`
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
