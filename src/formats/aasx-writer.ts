/** Writes AASX packages as a stream. */
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
import type { MetamodelRelease } from './releases.ts'
import { writeXml } from './xml-writer.ts'

/** A file for the package. */
export interface PackageFile {
  /** The part name, e.g. `/aasx/files/manual.pdf`; an invalid or used one is changed. */
  readonly name: string
  readonly contentType: string
  /** The thumbnail of the package. */
  readonly thumbnail?: boolean
  open(): Promise<Readable>
}

export interface PackageContent {
  /** Grouped: shells, submodels, concept descriptions. */
  readonly identifiables: AsyncIterable<Identifiable>
  readonly files: readonly PackageFile[]
  /** Of the document inside. */
  readonly form: 'xml' | 'json'
  readonly release?: MetamodelRelease
}

const ROOT = '/_rels/.rels'
const ORIGIN = '/aasx/aasx-origin'

/** Part names for the files of a package, without those reserved by the package format. */
export function freePartNames(): PartNames {
  return new PartNames([`/${CONTENT_TYPES}`, ROOT, ORIGIN, relationshipsOf(ORIGIN)])
}

/** Equal content gives equal bytes in any time zone. */
const OPTIONS = { mtime: new Date(2000, 0, 1), mode: 0o100644, forceDosTimestamp: true }

/** Writes a package without buffering it in memory. */
export function writeAasx({ identifiables, files, form, release }: PackageContent): Readable {
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
          // yazl neither handles errors of its sources, nor closes them when its output is destroyed.
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
  const document = () => (form === 'xml' ? writeXml(identifiables, release) : writeJson(identifiables))
  stream(spec, async () => Readable.from(document()))
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

/** A valid media type; leniently stored documents may contain invalid ones. */
function mediaType(contentType: string): string {
  return MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream'
}

const MEDIA_TYPE = new RegExp(patterns.contentType)

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
