/** AASX packages, read part by part from a file on disk. */

import { close, open } from 'node:fs'
import { finished, type Readable, Transform } from 'node:stream'
import { promisify } from 'node:util'
import { SaxesParser } from 'saxes'
import { type Entry, fromFd, type ZipFile } from 'yauzl'
import { HubError } from '../errors.ts'
import { readJson } from './json-stream.ts'
import {
  CONTENT_TYPES,
  decodeName,
  mediaTypeOf,
  nameKey,
  type Relationship,
  relationshipOf,
  relationshipsOf,
  resolveTarget
} from './opc.ts'
import { counted, type Found, type Package, type PartFile, type ReadLimits } from './package.ts'
import { readXml } from './xml-reader.ts'

/** Relationship and content-type parts are small; more is no package. */
const SMALL = 4 * 2 ** 20

/** Beyond this a part is unpacked only if it is small: nothing honest compresses so well. */
const RATIO = 1000

/**
 * Opens a package and finds its way through it.
 * @throws HubError `BadRequest` where it is no AASX, `TooLarge` where it is beyond the limits
 */
export async function openAasx(path: string, limits: ReadLimits): Promise<Package> {
  const zip = await openZip(path)
  try {
    const parts = await listParts(zip, limits)
    const read = (name: string) => readSmall(zip, parts, name)
    const typeOf = contentTypes(await read(`/${CONTENT_TYPES}`))
    const rootRelations = relationships('', await read('/_rels/.rels'))
    const origin = rootRelations.find(({ type }) => type === 'origin')?.target
    if (origin === undefined) throw refused('it has no relationship to an AASX origin')
    const specs = new Map<string, Part>()
    for (const { type, target } of relationships(origin, await read(relationshipsOf(origin)))) {
      if (type !== 'spec') continue
      specs.set(nameKey(target), partOf(parts, target))
      // A specification may be split; its further parts are related to its first.
      if (!parts.has(nameKey(relationshipsOf(target)))) continue
      for (const further of relationships(target, await read(relationshipsOf(target)))) {
        if (further.type === 'split') specs.set(nameKey(further.target), partOf(parts, further.target))
      }
    }
    if (specs.size === 0) throw refused('its origin has no relationship to an AAS specification')

    const thumbnailName = rootRelations.find(({ type }) => type === 'thumbnail')?.target
    const taken = new Set([nameKey(origin), ...specs.keys(), nameKey(thumbnailName ?? '')])
    const file = (entry: Entry, name: string): PartFile => ({
      name,
      contentType: typeOf(name),
      size: entry.uncompressedSize,
      open: () => openEntry(zip, entry)
    })
    const files = [...parts.values()]
      .filter(({ name }) => !taken.has(nameKey(name)) && !isOwn(name))
      .map(({ entry, name }) => file(entry, name))
    const thumbnail = thumbnailName === undefined ? undefined : parts.get(nameKey(thumbnailName))
    return {
      documents: (tell) => documents(zip, [...specs.values()], typeOf, limits, tell),
      size: [...specs.values()].reduce((sum, { entry }) => sum + entry.uncompressedSize, 0),
      files,
      ...(thumbnail !== undefined && { thumbnail: file(thumbnail.entry, thumbnail.name) }),
      close: async () => zip.close()
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

interface Part {
  readonly name: string
  readonly entry: Entry
}

async function* documents(
  zip: ZipFile,
  specs: readonly Part[],
  typeOf: (name: string) => string,
  limits: ReadLimits,
  tell: (bytes: number) => void = () => {}
): AsyncGenerator<Found> {
  let before = 0
  for (const { name, entry } of specs) {
    const isJson = /json/i.test(typeOf(name)) || /\.json$/i.test(name)
    const bytes = counted(await openEntry(zip, entry), tell, before)
    before += entry.uncompressedSize
    yield* (isJson ? readJson : readXml)(bytes, name, limits)
  }
}

/** Every part by its key, checked before anything is unpacked. */
async function listParts(zip: ZipFile, limits: ReadLimits): Promise<ReadonlyMap<string, Part>> {
  if (zip.entryCount > limits.entries)
    throw tooLarge(`it has ${zip.entryCount} parts; at most ${limits.entries} are taken`)
  const parts = new Map<string, Part>()
  let bytes = 0
  for await (const entry of entries(zip)) {
    if (entry.fileName.endsWith('/')) continue
    const name = partName(entry)
    const { compressedSize, uncompressedSize } = entry
    bytes += uncompressedSize
    if (bytes > limits.expandedBytes) throw tooLarge(`unpacked it is larger than ${limits.expandedBytes} bytes`)
    if (uncompressedSize > SMALL && uncompressedSize > compressedSize * RATIO) {
      throw tooLarge(`the part "${name}" unpacks to more than ${RATIO} times its size`)
    }
    if (parts.has(nameKey(name))) throw refused(`it has two parts of the name "${name}"`)
    parts.set(nameKey(name), { name, entry })
  }
  return parts
}

/** @throws HubError where the name would lead out of the package */
function partName(entry: Entry): string {
  const name = `/${entry.fileName.replace(/^\//, '')}`
  const decoded = decodeName(name)
  const unsafe =
    decoded.includes('\\') ||
    decoded.includes('\0') ||
    decoded
      .split('/')
      .slice(1)
      .some((step) => step === '..' || step === '.' || step === '')
  if (unsafe || /^\/[a-zA-Z]:/.test(decoded)) throw refused(`"${entry.fileName}" is no name of a part`)
  if (entry.isEncrypted()) throw refused(`the part "${name}" is encrypted`)
  return decoded
}

/** The machinery of the package itself: no file that a document could refer to. */
function isOwn(name: string): boolean {
  return name === `/${CONTENT_TYPES}` || /(^|\/)_rels\/[^/]*\.rels$/.test(name) || name === '/aasx/aasx-origin'
}

async function openZip(path: string): Promise<ZipFile> {
  const descriptor = await promisify(open)(path, 'r')
  try {
    return await new Promise((resolve, reject) => {
      fromFd(
        descriptor,
        { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: true },
        (error, zip) => (error ? reject(refused(error.message)) : resolve(zip))
      )
    })
  } catch (error) {
    await promisify(close)(descriptor)
    throw error
  }
}

function entries(zip: ZipFile): AsyncIterable<Entry> {
  const waiting: { resolve(entry: Entry | undefined): void; reject(error: unknown): void }[] = []
  zip.on('entry', (entry: Entry) => waiting.shift()?.resolve(entry))
  zip.on('end', () => waiting.shift()?.resolve(undefined))
  zip.on('error', (error: Error) => waiting.shift()?.reject(refused(error.message)))
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const entry = await new Promise<Entry | undefined>((resolve, reject) => {
          waiting.push({ resolve, reject })
          zip.readEntry()
        })
        if (entry === undefined) return
        yield entry
      }
    }
  }
}

/** The bytes of a part; what is wrong with the zip is told as the sender's fault. */
async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const source = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(refused(error.message)) : resolve(stream)))
  })
  const told = new Transform({ transform: (part, _encoding, done) => done(null, part) })
  finished(source, { writable: false }, (error) => {
    if (error) told.destroy(refused(error.message))
  })
  finished(told, () => source.destroy())
  return source.pipe(told)
}

/** @throws HubError where the package has no such part */
function partOf(parts: ReadonlyMap<string, Part>, name: string): Part {
  const part = parts.get(nameKey(name))
  if (part === undefined) throw refused(`the part "${name}" is missing`)
  return part
}

async function readSmall(zip: ZipFile, parts: ReadonlyMap<string, Part>, name: string): Promise<string> {
  const part = partOf(parts, name)
  if (part.entry.uncompressedSize > SMALL) throw tooLarge(`the part "${name}" is larger than ${SMALL} bytes`)
  const pieces: Uint8Array[] = []
  for await (const piece of await openEntry(zip, part.entry)) pieces.push(piece as Uint8Array)
  return Buffer.concat(pieces).toString()
}

/** The attributes of every element of this name. */
function attributesOf(xml: string, elementName: string): Record<string, string>[] {
  const found: Record<string, string>[] = []
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw refused(error.message)
  })
  parser.on('doctype', () => {
    throw refused('a document type (<!DOCTYPE …>) is not allowed')
  })
  // These parts are two elements deep, with a handful of attributes; a parser keeps all that is open in memory.
  let depth = 0
  let count = 0
  parser.on('opentagstart', () => {
    count = 0
    if (++depth > 16) throw refused('its relationships or content types are nested too deep')
  })
  parser.on('attribute', () => {
    if (++count > 16) throw refused('its relationships or content types have too many attributes')
  })
  parser.on('closetag', () => {
    depth--
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (name.slice(name.indexOf(':') + 1) === elementName) found.push({ ...attributes })
  })
  parser.write(xml.replace(/^\uFEFF/, '')).close()
  return found
}

function relationships(source: string, xml: string): Relationship[] {
  const found: Relationship[] = []
  for (const { Type = '', Target = '', TargetMode } of attributesOf(xml, 'Relationship')) {
    const type = relationshipOf(Type)
    if (TargetMode === 'External' || type === undefined) continue
    const target = resolveTarget(source, Target)
    if (target === undefined) throw refused(`"${Target.slice(0, 200)}" is no name of a part`)
    found.push({ type, target })
  }
  return found
}

function contentTypes(xml: string): (name: string) => string {
  const overrides = new Map(
    attributesOf(xml, 'Override').map((it) => [nameKey(it.PartName ?? ''), it.ContentType ?? ''])
  )
  const defaults = new Map(
    attributesOf(xml, 'Default').map((it) => [it.Extension?.toLowerCase(), it.ContentType ?? ''])
  )
  return (name) => {
    const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
    return overrides.get(nameKey(name)) ?? defaults.get(extension) ?? mediaTypeOf(name)
  }
}

function refused(text: string): HubError {
  return new HubError('BadRequest', [`This is not an AASX package that can be read: ${text.slice(0, 300)}`])
}

function tooLarge(text: string): HubError {
  return new HubError('TooLarge', [`The package is too large: ${text}`])
}
