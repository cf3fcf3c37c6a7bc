import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ZipFile } from 'yazl'
import { HubError } from '../../src/errors.ts'
import { openAasx } from '../../src/formats/aasx-reader.ts'
import { type PackageFile, writeAasx } from '../../src/formats/aasx-writer.ts'
import { DEFAULT_READ_LIMITS, type ReadLimits } from '../../src/formats/environment-source.ts'
import { validate } from '../../src/formats/json.ts'
import type { Identifiable } from '../../src/model/types.ts'
import { testDirectory } from '../test-directory.ts'

const shared = new URL('../../../shared/templates', import.meta.url)
const absent = existsSync(shared) ? false : 'the shared data is not at hand'

interface Read {
  documents: unknown[]
  files: string[]
  thumbnail: string | undefined
}

async function read(path: string, limits: ReadLimits = DEFAULT_READ_LIMITS): Promise<Read> {
  const found = await openAasx(path, limits)
  try {
    const documents: unknown[] = []
    for await (const { document } of found.documents()) documents.push(document)
    for (const file of found.files) await buffer(await file.open())
    return { documents, files: found.files.map(({ name }) => name), thumbnail: found.thumbnail?.name }
  } finally {
    await found.close()
  }
}

type Parts = Record<string, string | Buffer>

function zip(parts: Parts): Promise<Buffer> {
  const file = new ZipFile()
  for (const [name, content] of Object.entries(parts)) file.addBuffer(Buffer.from(content), name)
  file.end()
  return buffer(file.outputStream)
}

const TYPES = 'http://admin-shell.io/aasx/relationships'
const relationships = (...targets: [type: string, target: string, mode?: string][]) =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets
    .map(([type, target, mode = 'Internal'], index) => {
      return `<Relationship Id="r${index}" Type="${type}" Target="${target}" TargetMode="${mode}"/>`
    })
    .join('')}</Relationships>`
const xml = (id: string) =>
  `<environment xmlns="https://admin-shell.io/aas/3/1"><submodels><submodel><id>${id}</id></submodel></submodels></environment>`

const whole: Parts = {
  '[Content_Types].xml': '<Types><Default Extension="bin" ContentType="application/x-thing"/></Types>',
  '_rels/.rels': relationships([`${TYPES}/aasx-origin`, '/aasx/aasx-origin']),
  'aasx/aasx-origin': '',
  'aasx/_rels/aasx-origin.rels': relationships([`${TYPES}/aas-spec`, 'data.xml']),
  'aasx/data.xml': xml('a')
}

async function opened(t: Test, parts: Parts): Promise<Read> {
  const path = join(testDirectory(t), 'file.aasx')
  await writeFile(path, await zip(parts))
  return read(path)
}

t.test('a specification in several parts, of either form, is read as one', async (t) => {
  const { documents, files } = await opened(t, {
    ...whole,
    'aasx/_rels/aasx-origin.rels': relationships(
      [`${TYPES}/aas-spec`, '/aasx/data.xml'],
      ['http://www.admin-shell.io/aasx/relationships/aas-spec', './more/B%20b.json']
    ),
    'aasx/more/B b.json': '{"submodels":[{"id":"b"}]}',
    'aasx/_rels/data.xml.rels': relationships(
      [`${TYPES}/aas-spec-split`, 'split.xml'],
      [`${TYPES}/aas-suppl`, '/aasx/files/x.bin']
    ),
    'aasx/split.xml': xml('c'),
    'aasx/files/x.bin': 'x'
  })
  t.same(documents, [{ modelType: 'Submodel', id: 'a' }, { modelType: 'Submodel', id: 'c' }, { id: 'b' }])
  t.same(files, ['/aasx/files/x.bin'])
})

t.test('a relationship that does not concern the package may lead anywhere', async (t) => {
  const elsewhere = relationships(
    [`${TYPES}/aasx-origin`, '/aasx/aasx-origin'],
    ['http://example.com/other', 'http://[bad'],
    ['http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail', 'http://x/y.png', 'External']
  )
  t.match(await opened(t, { ...whole, '_rels/.rels': elsewhere }), { documents: [{ id: 'a' }], thumbnail: undefined })
})

t.test('a target marked as external that is a part is followed, as AAS4J up to 2.0.1 writes it', async (t) => {
  const { documents, thumbnail } = await opened(t, {
    ...whole,
    '_rels/.rels': relationships(
      [`${TYPES}/aasx-origin`, '/aasx/aasx-origin', 'External'],
      ['http://schemas.openxmlformats.org/package/2006/relationships/metadata/thumbnail', 'thumb.png', 'External']
    ),
    'aasx/_rels/aasx-origin.rels': relationships([`${TYPES}/aas-spec`, '/aasx/data.xml', 'External']),
    'thumb.png': 'x'
  })
  t.match(documents, [{ id: 'a' }])
  t.equal(thumbnail, '/thumb.png')
})

t.test('a package that is put together wrongly is refused', async (t) => {
  const origin = (target: string, mode = 'Internal') => ({
    '_rels/.rels': relationships([`${TYPES}/aasx-origin`, target, mode])
  })
  const wrong: [Parts, RegExp][] = [
    [origin('http://[bad'), /not a valid part name/],
    [origin('http://example.com/aasx/aasx-origin'), /not a valid part name/],
    [origin('//example.com/aasx/aasx-origin'), /not a valid part name/],
    [origin('file:///etc/passwd'), /not a valid part name/],
    [origin('http://example.com/origin', 'External'), /"http:\/\/example.com\/origin", which is marked as external/],
    [origin('/nowhere', 'External'), /no relationship to an AASX origin; "\/nowhere", which is marked as external/],
    [origin('/nowhere'), /missing/],
    [{ '_rels/.rels': 'no XML' }, /text data/],
    [{ '_rels/.rels': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' }, /document type/],
    [{ '[Content_Types].xml': '<a>'.repeat(100_000) }, /too deep/],
    [{ '[Content_Types].xml': `<a ${Array.from({ length: 1000 }, (_, n) => `a${n}=""`).join(' ')}/>` }, /attributes/],
    [{ 'aasx/_rels/aasx-origin.rels': relationships([`${TYPES}/aas-spec`, '/aasx/none.xml']) }, /missing/],
    [{ 'aasx/_rels/aasx-origin.rels': relationships() }, /no relationship to an AAS specification/],
    [{ 'aasx/_rels/data.xml.rels': relationships([`${TYPES}/aas-spec-split`, 'none.xml']) }, /missing/],
    [{ 'aasx/files/A.bin': '1', 'aasx/files/a.bin': '2' }, /two parts of the name/]
  ]
  for (const [parts, message] of wrong) {
    await t.rejects(opened(t, { ...whole, ...parts }), { name: 'BadRequest', message }, String(message))
  }
})

/** Names that the zip library refuses to write are patched in afterwards; all have this length. */
const NAME = 'aasx/files/placeholder'

t.test('no name leads out of the package', async (t) => {
  const path = join(testDirectory(t), 'file.aasx')
  const bytes = (await zip({ ...whole, [NAME]: 'x' })).toString('latin1')
  const names = [
    '../../../../tmp/out',
    '/etc/absolute/passwd',
    'C:/windows/system.ini',
    'a\\..\\..\\..\\out',
    'aasx\\\\files\\out',
    'a/%2e%2e/%2e%2e/out'
  ]
  for (const name of names) {
    const hostile = name.padEnd(NAME.length, 'x').slice(0, NAME.length)
    await writeFile(path, Buffer.from(bytes.replaceAll(NAME, hostile), 'latin1'))
    await t.rejects(read(path), { name: 'BadRequest' }, hostile)
  }
})

/** The headers of entries, with the offsets of their fields. */
function patch(
  bytes: Buffer,
  name: string,
  change: (header: { flags: number; size: number | undefined }) => void
): void {
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    if (bytes.readUInt32LE(at - 30) === 0x04034b50) change({ flags: at - 30 + 6, size: undefined })
    else if (bytes.readUInt32LE(at - 46) === 0x02014b50) change({ flags: at - 46 + 8, size: at - 46 + 24 })
  }
}

t.test('traps of the zip format are refused', async (t) => {
  const path = join(testDirectory(t), 'file.aasx')
  async function refused(bytes: Buffer, expected: { name: string; message: RegExp }, limits?: ReadLimits) {
    await writeFile(path, bytes)
    await t.rejects(read(path, limits), expected, String(expected.message))
  }
  const bomb = await zip({ ...whole, 'aasx/bomb.bin': Buffer.alloc(20 * 2 ** 20) })
  await refused(bomb, { name: 'TooLarge', message: /1000 times/ })

  const encrypted = await zip(whole)
  patch(encrypted, 'aasx/data.xml', ({ flags }) => encrypted.writeUInt16LE(encrypted.readUInt16LE(flags) | 1, flags))
  await refused(encrypted, { name: 'BadRequest', message: /encrypted/ })

  const lying = await zip({ ...whole, 'aasx/data.xml': xml('x'.repeat(100_000)) })
  patch(lying, 'aasx/data.xml', ({ size }) => size && lying.writeUInt32LE(300, size))
  await refused(lying, { name: 'BadRequest', message: /bytes/ })

  const many = await zip({ ...whole, ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f/${n}`, ''])) })
  await refused(many, { name: 'TooLarge', message: /parts/ }, { ...DEFAULT_READ_LIMITS, entries: 20 })
  const large = await zip({ ...whole, 'aasx/large.bin': 'x'.repeat(5000) })
  await refused(large, { name: 'TooLarge', message: /unpacked/ }, { ...DEFAULT_READ_LIMITS, expandedBytes: 5000 })
  const long = await zip({ ...whole, 'aasx/data.xml': xml('x'.repeat(5000)) })
  await writeFile(path, long)
  const failure = await read(path, { ...DEFAULT_READ_LIMITS, itemBytes: 1000 }).catch((error) => error)
  t.match(failure, { name: 'Invalid', violations: [{ text: /larger than 1000/ }] })
})

t.test('a damaged package is refused or read, wherever the damage is, and nothing stays open', async (t) => {
  const path = join(testDirectory(t), 'file.aasx')
  const bytes = await zip({ ...whole, 'aasx/files/x.bin': 'abc'.repeat(100) })
  const count = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0)
  const before = count()
  async function attempt(damaged: Buffer): Promise<void> {
    await writeFile(path, damaged)
    try {
      await read(path)
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      if (error.status >= 500) throw error
    }
  }
  for (let end = 0; end < bytes.length; end += 41) await attempt(bytes.subarray(0, end))
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ flip
      await attempt(damaged)
    }),
    { numRuns: 300 }
  )
  t.ok(count() <= before + 2, 'no file is left open')
})

async function* each(list: readonly Identifiable[]): AsyncGenerator<Identifiable> {
  yield* list
}

const file = (name: string, thumbnail = false): PackageFile => ({
  name,
  contentType: 'image/png',
  thumbnail,
  open: async () => Readable.from([Buffer.from(name.toWellFormed())])
})

t.test('the same content is written as the same bytes', async (t) => {
  const list: Identifiable[] = [{ modelType: 'Submodel', id: 'a' }]
  const write = () => buffer(writeAasx({ identifiables: each(list), files: [file('/a.png')], form: 'json' }))
  t.same(await write(), await write())
})

t.test('every part has a content type, and every file a relationship', async (t) => {
  const path = join(testDirectory(t), 'file.aasx')
  const files = [file('/aasx/files/a & b#c?.png'), file('/aasx/files/한.png'), file('/logo.png', true)]
  await pipeline(writeAasx({ identifiables: each([]), files, form: 'xml' }), createWriteStream(path))
  const { documents, ...read_ } = await read(path)
  t.same(documents, [])
  t.same(read_, {
    files: ['/aasx/files/a%20&%20b%23c%3F.png', '/aasx/files/%ED%95%9C.png'],
    thumbnail: '/logo.png'
  })
  const found = await openAasx(path, DEFAULT_READ_LIMITS)
  t.teardown(() => found.close())
  for (const part of [...found.files, found.thumbnail]) t.equal(part?.contentType, 'image/png')
})

t.test('whatever the files are called, the package can be read and holds them all', async (t) => {
  const path = join(testDirectory(t), 'file.aasx')
  const odd = fc.constantFrom(
    '/aasx/data.xml',
    '/AASX/DATA.XML',
    '/[Content_Types].xml',
    '/_rels/.rels',
    '/aasx/_rels/data.xml.rels',
    '/aasx/aasx-origin',
    '/a/../b',
    '//',
    '',
    '.',
    'C:\\x',
    '/c:/x',
    '\ud800',
    '/%2e%2e/x',
    '/a%',
    '/a?b#c',
    '__proto__'
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(odd, fc.string({ unit: 'binary' })), { maxLength: 6 }), async (names) => {
      const content = {
        identifiables: each([{ modelType: 'Submodel', id: 'x' }]),
        files: names.map((name) => file(name))
      }
      await pipeline(writeAasx({ ...content, form: 'xml' }), createWriteStream(path))
      const { documents, files } = await read(path)
      if (documents.length !== 1 || files.length !== names.length) throw new Error(JSON.stringify({ names, files }))
    }),
    { numRuns: 150, examples: [[['/aasx/_rels/data.xml.rels', '/aasx/rels/data.xml.rels']]] }
  )
})

t.test('a source that fails while the package is written fails the package, not the hub', async (t) => {
  async function* failing(): AsyncGenerator<Identifiable> {
    yield { modelType: 'Submodel', id: 'a' }
    throw new Error('the store is gone')
  }
  async function* failingBytes(): AsyncGenerator<Buffer> {
    yield Buffer.from('some bytes')
    throw new Error('the disk is gone')
  }
  const write = (identifiables: AsyncIterable<Identifiable>, files: PackageFile[]) =>
    buffer(writeAasx({ identifiables, files, form: 'xml' }))
  await t.rejects(write(failing(), []), { message: 'the store is gone' })
  const broken = { ...file('/a'), open: async () => Readable.from(failingBytes()) }
  await t.rejects(write(each([]), [broken]), { message: 'the disk is gone' })
  const absent = { ...file('/a'), open: () => Promise.reject(new Error('the file is gone')) }
  await t.rejects(write(each([]), [absent]), { message: 'the file is gone' })
})

t.test('a reader that leaves early leaves nothing open', async (t) => {
  const bytes = new Readable({ read: () => setImmediate(() => output.destroy()) })
  const files = [{ ...file('/a'), open: async () => bytes }]
  const output = writeAasx({ identifiables: each([]), files, form: 'xml' })
  const closed = new Promise((resolve) => bytes.once('close', resolve))
  output.resume()
  await closed
  t.ok(output.destroyed)
})

t.test('every published package opens, and its violations are reported', { skip: absent }, async (t) => {
  const folder = fileURLToPath(shared)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.aasx$/.test(name)
  )) {
    const found = await openAasx(join(folder, name), DEFAULT_READ_LIMITS)
    const rules = new Map<string, number>()
    let count = 0
    for await (const { document, className } of found.documents()) {
      count++
      for (const { rule } of validate(className, document, { limit: 100 })) rules.set(rule, (rules.get(rule) ?? 0) + 1)
    }
    for (const file of found.files) {
      const size = (await buffer(await file.open())).length
      if (size !== file.size) t.fail(`${file.name} of ${name} has ${size} bytes, not ${file.size}`)
    }
    await found.close()
    t.not(count, 0, name)
    if (rules.size > 0)
      t.comment(`${name} breaks ${[...rules].map(([rule, times]) => `${rule} (${times})`).join(', ')}`)
  }
})

t.test('a file that is not a zip is refused', async (t) => {
  const path = join(testDirectory(t), 'file.aasx')
  for (const bytes of ['', 'PK', 'PK\u0003\u0004 no zip', readFileSync(fileURLToPath(import.meta.url))]) {
    await writeFile(path, bytes)
    await t.rejects(read(path), { name: 'BadRequest' })
  }
})
