/** AASX packages, written as a stream. */
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import { patterns } from '../model/patterns.ts'
import type { Identifiable } from '../model/types.ts'
import { writeJson } from './environment.ts'
import {
  CONTENT_TYPE_NAMESPACE,
  CONTENT_TYPES,
  RELATIONSHIP_NAMESPACE,
  RELATIONSHIP_TYPE,
  RELATIONSHIPS,
  relationshipsOf
} from './opc.ts'
import { DOCUMENT_FOLDER } from './part-links.ts'
import { PartNames } from './part-names.ts'
import { writeXml } from './xml-writer.ts'

/** A file that goes into the package. */
export interface PackageFile {
  /** The part name, e.g. `/aasx/files/manual.pdf`; one that is none, or is taken, is made one that is free. */
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

/** Part names for the files of a package, those that the package itself needs left out. */
export function freePartNames(): PartNames {
  return new PartNames([`/${CONTENT_TYPES}`, ROOT, ORIGIN, relationshipsOf(ORIGIN)])
}

/** The same content gives the same bytes, whatever the time zone. */
const OPTIONS = { mtime: new Date(2000, 0, 1), mode: 0o100644, forceDosTimestamp: true }

/** Writes a package; nothing of it is held in memory. */
export function writeAasx({ identifiables, files, form }: PackageContent): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  const names = freePartNames()
  const parts = files.map((file) => ({ ...file, part: names.take(file.name) }))
  const spec = names.take(`${DOCUMENT_FOLDER}/data.${form}`)
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
    ...parts.map(({ part, contentType }): [string, string] => [part, mediaType(contentType)])
  ]
  const overrides = types.map(
    ([part, type]) => `<Override PartName="${attribute(part)}" ContentType="${attribute(type)}"/>`
  )
  const relations = `<Default Extension="rels" ContentType="${RELATIONSHIP_TYPE}"/>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Types xmlns="${CONTENT_TYPE_NAMESPACE}">${relations}${overrides.join('')}</Types>\n`
}

/** A media type that a reader of packages accepts; documents taken leniently name what is none. */
function mediaType(contentType: string): string {
  return MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream'
}

const MEDIA_TYPE = new RegExp(patterns.contentType)

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
