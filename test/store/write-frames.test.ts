import fc from 'fast-check'
import t from 'tap'
import type { WriteCommand } from '../../src/store/sqlite/write-commands.ts'
import { FrameReader, FrameWriter } from '../../src/store/sqlite/write-frames.ts'
import type { Change } from '../../src/store/store.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const time = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const revision = fc.nat(Number.MAX_SAFE_INTEGER)
const series = { submodel: fc.constantFrom('urn:a', 'urn:b', '서울'), path: fc.constantFrom('p', 'q.r', 's[0]') }
const current = {
  incarnation: revision,
  value: text,
  quality: fc.constantFrom('good', 'uncertain', 'bad'),
  timing: fc.constantFrom('arrival', 'historical')
}
const optional = ['incarnation', 'value', 'submodel', 'path', 'change'] as const
const value = fc.record(
  { change: fc.constant('value'), ...series, ...current, sourceTime: time, ifRevision: revision },
  { requiredKeys: [...optional] }
)
const samples = fc.record(
  {
    change: fc.constant('samples'),
    ...series,
    ...current,
    run: fc.uint8Array({ maxLength: 30_000 }),
    count: fc.nat(2 ** 32 - 1),
    from: time,
    to: time
  },
  { requiredKeys: [...optional, 'run', 'count', 'from', 'to'] }
)
const other = fc.record({ change: fc.constant('delete'), kind: fc.constant('Submodel'), id: text })
const farValue = value.map((change) => ({ ...change, sourceTime: 2n ** 64n }))

/** Typed arrays of different origin, and objects without a prototype, as what they hold. */
function plain(commands: readonly WriteCommand[]): string {
  return JSON.stringify(commands, function (this: Record<string, unknown>, name) {
    // As it is: a Buffer would be an object here already.
    const held = this[name]
    if (typeof held === 'bigint') return `bigint ${held}`
    return ArrayBuffer.isView(held) ? Buffer.from(held as Uint8Array).toString('hex') : sorted(held)
  })
}

function sorted(held: unknown): unknown {
  if (typeof held !== 'object' || held === null || Array.isArray(held)) return held
  return Object.fromEntries(Object.entries(held).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

t.test('the writer gets the commands that were sent, whatever they hold and in their order', async () => {
  const commit = fc
    .array(fc.oneof({ weight: 9, arbitrary: value }, samples, other, farValue), { maxLength: 5 })
    .map((changes): WriteCommand => ({ type: 'commit', changes: changes as unknown as Change[] }))
  const command = fc.oneof(
    { weight: 5, arbitrary: commit },
    revision.map((seq): WriteCommand => ({ type: 'trim', seq }))
  )
  fc.assert(
    fc.property(fc.array(fc.array(command, { maxLength: 6 }), { maxLength: 5 }), (batches) => {
      const [writer, reader] = [new FrameWriter(200_000), new FrameReader()]
      return batches.every((commands, clock) => {
        const { batch, transfer } = writer.encode({ clock, commands })
        const received = reader.decode(structuredClone(batch, { transfer }))
        return received.clock === clock && plain(received.commands) === plain(commands)
      })
    }),
    { numRuns: 500 }
  )
})

t.test('series are numbered from the start again where there are very many', async (t) => {
  const [writer, reader] = [new FrameWriter(200_000), new FrameReader()]
  const of = (index: number): Change => {
    return { change: 'value', submodel: 'urn:m', path: `p${index}`, incarnation: 1, value: `{"value":"${index}"}` }
  }
  for (let turn = 0; turn < 3; turn++) {
    const changes = Array.from({ length: 150_000 }, (_, index) => of(turn * 100_000 + index))
    const { batch, transfer } = writer.encode({ clock: 0, commands: [{ type: 'commit', changes }] })
    t.equal(batch.frame?.isReset, turn === 2)
    const { commands } = reader.decode(structuredClone(batch, { transfer }))
    const [command] = commands
    t.strictSame(command?.type === 'commit' && command.changes.at(-1), changes.at(-1))
  }
})
