import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { clockOf } from '../../src/clock.ts'
import type { HubError } from '../../src/errors.ts'
import { type Quality, qualityAt, textAt, timeAt } from '../../src/model/samples.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { Ingest, type IngestOptions } from '../../src/operations/samples/ingest.ts'
import { OrderedGate } from '../../src/operations/samples/ordered-gate.ts'
import { decodeRun } from '../../src/store/run-codec.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { LoggedChange, Store } from '../../src/store/store.ts'
import { create, type property, submodel } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

const test = (
  title: string,
  body: (t: Test, store: Store, ingest: Ingest) => Promise<void>,
  options?: Partial<IngestOptions>
) =>
  t.test(title, async (t) => {
    const store = await openSqlite(join(testDirectory(t), 'data'))
    try {
      await store.commit([
        create(
          submodel('m', number('Speed'), number('Count', 'xs:int'), number('State', 'xs:string'), {
            modelType: 'Range',
            idShort: 'Band',
            valueType: 'xs:double'
          })
        )
      ])
      await body(t, store, new Ingest({ store, ...options }))
    } finally {
      await store.close()
    }
  })

function number(idShort: string, valueType = 'xs:double') {
  return { modelType: 'Property', idShort, valueType } as ReturnType<typeof property>
}

function rows(...all: [path: string, time: bigint, value: unknown][]): SampleBatch {
  const batch = new SampleBatch()
  for (const [path, time, value] of all) batch.add('m', path, time, value)
  return batch
}

function key(name: string) {
  return { key: name, scope: 'test' }
}

async function logged(store: Store, after = 1): Promise<readonly LoggedChange[]> {
  return (await store.log(after, 1000)).entries.flatMap(({ changes }) => changes)
}

test('samples of one series are stored together in the order sent, and the newest is the current value', async (t, store, ingest) => {
  const receipt = await ingest.push(
    rows(['Speed', 30n, 3], ['State', 1n, 'on'], ['Speed', 10n, 1.5], ['Speed', 20n, 2])
  )
  t.match(receipt, { seq: 2, accepted: 4, refused: 0, repeated: false })
  t.match(await store.element('m', 'Speed'), { value: '{"value":"3"}', sourceTime: 30n })
  t.match(await store.element('m', 'State'), { value: '{"value":"on"}', sourceTime: 1n })
  const [run] = (await logged(store)).flatMap((change) => (change.change === 'samples' ? [decodeRun(change.run)] : []))
  t.strictSame(run && Array.from(run.offsets, (_, i) => textAt(run, i)), ['3', '1.5', '2'])
})

test('an invalid sample refuses the whole batch and is named by its index', async (t, store, ingest) => {
  const batch = rows(['Speed', 1n, 1], ['Count', 1n, 1.5], ['Count', 2n, 3e9], ['Missing', 1n, 1])
  batch.addColumn('m', 'Count', { base: 0n, offsets: Float64Array.of(1, 2, 3) }, [1, 'x', 3])
  batch.add('nowhere', 'Speed', 1n, 1)
  const refused = await ingest.push(batch).catch((error: HubError) => error)
  t.match(refused, { name: 'Invalid', status: 400 })
  const places = (refused as HubError).violations.map(({ pointer, idShortPath }) => `${pointer} ${idShortPath}`)
  t.strictSame(places.sort(), ['/1 Count', '/2 Count', '/3 Missing', '/4/1 Count', '/5 Speed'])
  t.strictSame(await logged(store), [])
})

const NOW = Date.UTC(2026, 10, 1)
const now = BigInt(NOW) * 1_000_000n
const HOUR = 3_600_000_000_000n
const stopped = { clock: clockOf(() => NOW) }

test(
  'a time that is too far ahead of the clock is refused, and the message says by how much',
  async (t, store, ingest) => {
    const ahead = () => rows(['Speed', now + HOUR / 10n, 1], ['Count', now + 3n * HOUR, 2], ['State', 1n, 'on'])
    await t.rejects(ingest.push(ahead()), {
      name: 'Invalid',
      violations: [{ pointer: '/1', idShortPath: 'Count', rule: 'future', text: /is 3 hours ahead .*up to 10 minutes/ }]
    })
    t.match(await ingest.push(ahead(), { each: true }), {
      accepted: 2,
      refused: 1,
      refusals: [{ index: 1, rule: 'future' }]
    })
    const column = new SampleBatch()
    const offsets = Float64Array.of(0, 1e9, 3.6e12, 2e9, 7.2e12)
    column.addColumn('m', 'Count', { base: now, offsets }, [1, 2, 3, 4, 5])
    t.match(await ingest.push(column, { each: true }), {
      accepted: 3,
      refused: 2,
      refusals: [
        { index: 0, at: 2 },
        { index: 0, at: 4 }
      ]
    })
    t.match(await store.element('m', 'Count'), { value: '{"value":"4"}', sourceTime: now + 2_000_000_000n })
  },
  stopped
)

test(
  'where a refusal cannot be sent, samples from the future move to now, are uncertain, and keep their distances',
  async (t, store, ingest) => {
    const push = async (times: readonly bigint[], quality?: Quality) => {
      const batch = new SampleBatch()
      for (const [i, time] of times.entries()) batch.add('m', 'Count', time, i, quality)
      const { seq, clamped } = await ingest.push(batch)
      const [change] = await logged(store, seq - 1)
      const run = change?.change === 'samples' ? decodeRun(change.run) : undefined
      const found =
        run === undefined ? [] : Array.from(run.offsets.keys(), (at) => [timeAt(run, at), qualityAt(run, at)])
      return { clamped, found }
    }
    const far = now + 1_000_000n * HOUR
    t.strictSame(await push([far, far + 5n, far + 2n]), {
      clamped: 3,
      found: [
        [now - 5n, 'uncertain'],
        [now, 'uncertain'],
        [now - 3n, 'uncertain']
      ]
    })
    t.match(await store.element('m', 'Count'), { value: '{"value":"1"}', sourceTime: now, quality: 'uncertain' })
    t.strictSame(await push([now - 1n, now + HOUR, now + HOUR + 7n], 'good'), {
      clamped: 2,
      found: [
        [now - 1n, 'good'],
        [now - 7n, 'uncertain'],
        [now, 'uncertain']
      ]
    })
    t.match((await push([far, far + 1n], 'bad')).found, [[now - 1n, 'bad']])
    t.equal((await push([now, now + 1n])).clamped, 0)
  },
  { ...stopped, future: 'clamp' }
)

test(
  'without a limit, and where the clock was never set, every time is taken',
  async (t, store, ingest) => {
    const unset = new Ingest({ store, clock: clockOf(() => 5000) })
    t.match(await unset.push(rows(['Speed', now, 1])), { accepted: 1 })
    t.match(await ingest.push(rows(['Speed', now + 1_000_000n * HOUR, 1])), { accepted: 1, clamped: 0 })
  },
  { ...stopped, futureLimit: Number.POSITIVE_INFINITY }
)

test('with `each` the valid samples are stored', async (t, store, ingest) => {
  const batch = rows(['Speed', 1n, 1], ['Count', 1n, 1.5])
  batch.addColumn('m', 'Count', { base: 0n, offsets: Float64Array.of(1, 2, 3) }, [1, 'x', 3])
  const receipt = await ingest.push(batch, { each: true })
  t.match(receipt, {
    accepted: 3,
    refused: 2,
    refusals: [
      { index: 1, path: 'Count' },
      { index: 2, at: 1, path: 'Count' }
    ]
  })
  t.match(await store.element('m', 'Count'), { value: '{"value":"3"}', sourceTime: 3n })
})

test('values keep their digits, and elements other than Properties have series too', async (t, store, ingest) => {
  await ingest.push(
    rows(['Speed', 1n, '21.50'], ['Speed', 2n, 'INF'], ['Band', 1n, { min: 1, max: '2.0' }], ['Count', 9n, '007'])
  )
  t.match(await store.element('m', 'Speed'), { value: '{"value":"INF"}' })
  t.match(await store.element('m', 'Band'), { value: '{"min":"1","max":"2.0"}' })
  t.match(await store.element('m', 'Count'), { value: '{"value":"007"}' })
  const [run] = (await logged(store)).flatMap((change) => (change.change === 'samples' ? [decodeRun(change.run)] : []))
  t.equal(run && textAt(run, 0), '21.50')
})

test('a batch with a key is stored once, whether repeated at once or later', async (t, store, ingest) => {
  const push = () => ingest.push(rows(['Speed', 1n, 1]), { key: key('g1/1') })
  const [first, second] = await Promise.all([push(), push()])
  const third = await push()
  t.match(
    [first, second, third].map(({ seq, repeated }) => [seq, repeated]),
    [
      [2, false],
      [2, true],
      [2, true]
    ]
  )
  t.equal((await logged(store)).length, 1)
  t.match(await new Ingest({ store }).push(rows(['Speed', 1n, 1]), { key: key('g1/1') }), { seq: 2, repeated: true })
  await t.rejects(ingest.push(rows(), { key: key('') }), { name: 'BadRequest' })
})

test('samples without a time get distinct arrival times', async (t, store, ingest) => {
  const batch = new SampleBatch()
  for (let i = 0; i < 3; i++) batch.add('m', 'Speed', undefined, i)
  await Promise.all([ingest.push(batch), ingest.push(rows(['Count', 1n, 1]))])
  const [run] = (await logged(store)).flatMap((change) => (change.change === 'samples' ? [decodeRun(change.run)] : []))
  t.equal(new Set(run?.offsets).size, 3)
})

test('concurrent pushes are stored in order, and a failed one does not affect the others', async (t, store, ingest) => {
  const pushes = Array.from({ length: 50 }, (_, i) => ingest.push(rows(['Speed', BigInt(i), i])))
  const wrong = ingest.push(rows(['Speed', 1n, 'x'])).catch((error: HubError) => error.name)
  const seqs = (await Promise.all(pushes)).map(({ seq }) => seq)
  t.strictSame(
    seqs,
    seqs.toSorted((a, b) => a - b)
  )
  t.equal(await wrong, 'Invalid')
  t.strictSame(
    (await logged(store)).map((change) => change.change === 'value' && change.value),
    Array.from({ length: 50 }, (_, i) => `{"value":"${i}"}`)
  )
})

test('pushes of one sender are stored in order, however long their validation takes', async (t, store) => {
  // As a database answers: now sooner, now later.
  const uneven = new Proxy(store, {
    get: (target, name) => {
      const own: unknown = Reflect.get(target, name)
      if (typeof own !== 'function') return own
      if (name === 'cachedElement' && Math.random() < 0.5) return undefined
      if (name !== 'commitOfKey' && name !== 'element') return own.bind(target)
      return async (...args: unknown[]) => {
        for (let turns = Math.random() * 10; turns > 0; turns--) await setImmediate()
        return own.apply(target, args)
      }
    }
  })
  const [ingest, turns] = [new Ingest({ store: uneven }), new OrderedGate()]
  const pushes = Array.from({ length: 30 }, async (_, n) => {
    const turn = turns.next()
    const value = n % 7 === 3 ? 'wrong' : n
    const options = { gatePass: turn, ...(n % 2 === 0 && { key: key(`${n}`) }) }
    await ingest
      .push(rows(['Speed', BigInt(n), value]), options)
      .catch(() => {})
      .finally(turn.pass)
  })
  await Promise.all(pushes)
  const times = (await logged(store)).flatMap((change) =>
    change.change === 'value' ? [Number(change.sourceTime)] : []
  )
  t.strictSame(
    times,
    Array.from({ length: 30 }, (_, n) => n).filter((n) => n % 7 !== 3)
  )
})

test('samples pushed while their element changes are stored', async (t, store, ingest) => {
  const changes = Array.from({ length: 20 }, (_, i) => {
    const elements = [number('Speed'), number('Count', 'xs:int'), number('State', 'xs:string')]
    const json = JSON.stringify(submodel('m', ...elements))
    const replaced = store.commit([{ change: 'replace', kind: 'Submodel', id: 'm', json, facets: [] }])
    return [replaced, ingest.push(rows(['Speed', BigInt(i), i]))]
  })
  await Promise.all(changes.flat())
  t.equal((await logged(store)).filter(({ change }) => change === 'value').length, 20)
})

test(
  'what waits is bounded',
  async (t, _, ingest) => {
    const column = () => {
      const batch = new SampleBatch()
      batch.addColumn('m', 'Speed', { base: 0n, offsets: new Float64Array(600) }, new Float64Array(600))
      return batch
    }
    const first = ingest.push(column())
    await t.rejects(ingest.push(column()), { name: 'TooManyRequests' })
    await first
    t.match(await ingest.push(column()), { accepted: 600 })
  },
  { maxWaiting: 1000 }
)
