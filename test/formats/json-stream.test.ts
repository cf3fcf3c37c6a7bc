import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { DEFAULT_READ_LIMITS, type FoundDocument } from '../../src/formats/environment-source.ts'
import { readJson } from '../../src/formats/json-stream.ts'
import { submodel } from '../arbitrary.ts'

async function read(parts: Iterable<Uint8Array>, limits = DEFAULT_READ_LIMITS): Promise<FoundDocument[]> {
  const found: FoundDocument[] = []
  for await (const one of readJson(Readable.from(parts), 'plant.json', limits)) found.push(one)
  return found
}

const documents = async (text: string) => (await read([Buffer.from(text)])).map(({ document }) => document)

/** The same bytes in parts of this size. */
function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, part) =>
    bytes.subarray(part * size, (part + 1) * size)
  )
}

t.test('it does not matter where the stream is cut', async (t) => {
  const text =
    '\uFEFF { "submodels" : [ {"id":"a\\\\"}, {"id":"\\"}], é 한 😀","b":[{}]} ] , "conceptDescriptions":[ ] } \n'
  const whole = [{ id: 'a\\' }, { id: '"}], é 한 😀', b: [{}] }]
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    t.same(
      (await read(cut(bytes, size))).map(({ document }) => document),
      whole,
      `parts of ${size} bytes`
    )
  }
})

t.test('random documents come through in random parts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(submodel, { maxLength: 3 }), fc.integer({ min: 1, max: 200 }), async (list, size) => {
      const found = await read(cut(Buffer.from(JSON.stringify({ submodels: list })), size))
      if (JSON.stringify(found.map(({ document }) => document)) !== JSON.stringify(list))
        throw new Error('not the same')
    }),
    { numRuns: 60 }
  )
})

t.test('a document is handed on before the next has arrived', async (t) => {
  let sent = 0
  async function* slowly() {
    for (const text of ['{"submodels":[{"id":"a"},', '{"id":"b"}', ']}']) {
      sent++
      yield Buffer.from(text)
    }
  }
  for await (const { document, origin } of readJson(slowly(), 'plant.json', DEFAULT_READ_LIMITS)) {
    t.match([document, origin, sent], [{ id: 'a' }, 'plant.json /submodels/0', 1])
    break
  }
})

t.test('texts that only look like JSON are refused', async (t) => {
  const broken = [
    '{"submodels":[],}',
    '{,"submodels":[]}',
    '{"submodels":[{}][{}]}',
    '{"submodels":}',
    '{"submodels":null}',
    '{"submodels" []}',
    '{"submodels":[],"submodels":[]}',
    '{"submodels":[{},]}',
    '{"submodels":[,{}]}',
    '{"submodels":[\u00A0]}',
    '{"submodels":[]}\u00A0',
    '{"submodels":[\uFEFF{}]}',
    '{"submodels":[{}]',
    '{"submodels":[{}}',
    '{"submodels":[{}]}}',
    '{"submodels":[{}]}{}',
    '{submodels:[]}',
    '{"a":1,}',
    '{:1}',
    '"{}"'
  ]
  for (const text of broken) await t.rejects(documents(text), { name: 'BadRequest', message: /plant.json/ }, text)
})

t.test('an environment with a member that it does not have is refused', async (t) => {
  await t.rejects(documents('{"submodels":[],"extras":1}'), { name: 'BadRequest', message: /"extras":1/ })
  await t.rejects(documents('{"submodels":[{"id":"a"}],"id":"x","modelType":"Submodel"}'), { name: 'BadRequest' })
  await t.rejects(documents('{"__proto__":{"modelType":"Submodel"}}'), { name: 'BadRequest' })
})

t.test('a shell alone keeps its references to submodels, in whatever order its members stand', async (t) => {
  const submodels = [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 's' }] }]
  const shell = { id: 'x', modelType: 'AssetAdministrationShell' }
  t.same(await documents(JSON.stringify({ ...shell, submodels })), [{ ...shell, submodels }])
  t.same(await documents(JSON.stringify({ submodels, ...shell })), [{ ...shell, submodels }])
})

t.test('neither one long document nor many members of the root fill the memory', async (t) => {
  const limits = { ...DEFAULT_READ_LIMITS, itemBytes: 1000, depth: 20 }
  async function refused(text: string, error: { name: string; message?: RegExp }) {
    await t.rejects(read(cut(Buffer.from(text), 64), limits), error, text.slice(0, 30))
  }
  await refused(`{"submodels":[{"id":"${'x'.repeat(5000)}"}]}`, { name: 'TooLarge' })
  await refused(`{${Array.from({ length: 300 }, (_, index) => `"a${index}":1`).join()}}`, { name: 'TooLarge' })
  await refused(`{"submodels":[${'{"keys":[]},'.repeat(200)}{}]}`, { name: 'TooLarge' })
  await refused(`{"submodels":[${'['.repeat(100_000)}`, { name: 'BadRequest', message: /20 deep/ })
  await refused(`${' '.repeat(5000)}{}`, { name: 'TooLarge' })
})

t.test('bytes that are not UTF-8 are refused', async (t) => {
  for (const bytes of [[0xc3, 0x28], [0xff], [0xed, 0xa0, 0x80]]) {
    const text = Buffer.concat([Buffer.from('{"submodels":[{"id":"'), Buffer.from(bytes), Buffer.from('"}]}')])
    await t.rejects(read([text]), { name: 'BadRequest', message: /UTF-8/ })
  }
})
