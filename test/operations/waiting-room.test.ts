import t from 'tap'
import { MemoryBudget } from '../../src/memory/budget.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { WaitingRoom } from '../../src/operations/samples/waiting-room.ts'

t.test('what waits is bounded by itself and by the memory of all, but one always gets in', (t) => {
  const memory = new MemoryBudget(150)
  const room = new WaitingRoom(100, memory)
  t.notOk(room.isFull(1000), 'or the largest would wait for ever')
  room.enter(60)
  t.notOk(room.isFull(40))
  t.ok(room.isFull(41))
  const others = memory.holder('others', 1000)
  others.take(120)
  t.ok(room.isFull(40), 'others hold the rest')
  t.end()
})

t.test('a sender that can wait gets in when others have left', async (t) => {
  const room = new WaitingRoom(100, undefined)
  await room.available(1000)
  room.enter(80)
  const order: string[] = []
  const waiting = room.available(50).then(() => order.push('in'))
  room.enter(20)
  room.leave(20)
  await new Promise(setImmediate)
  order.push('some left')
  room.leave(80)
  await waiting
  t.strictSame(order, ['some left', 'in'])
  t.equal(room.bytes, 0)
})

t.test('many series with a sample each take more memory than as many samples of one', (t) => {
  const [many, one, scattered] = [new SampleBatch(), new SampleBatch(), new SampleBatch()]
  for (let i = 0; i < 1000; i++) {
    one.add('m', 'Speed', BigInt(i), i)
    many.add('m', `Speed${i}`, 1n, i)
  }
  scattered.addColumn('m', 'Speed', { base: 0n, offsets: new Float64Array(1000) }, new Float64Array(1000))
  t.ok(many.bytes > 20 * one.bytes)
  t.equal(scattered.bytes, one.bytes)
  t.end()
})

t.test('a series with a single sample is as it was added', (t) => {
  const batch = new SampleBatch()
  batch.add('m', 'a', 7n, 1)
  batch.add('m', 'b', 8n, 2, 'good')
  batch.add('m', 'b', 9n, 3)
  const [a, b] = batch.columns()
  t.match(a, { path: 'a', times: { base: 7n, offsets: Float64Array.of(0) }, values: [1], items: [0] })
  t.match(b, { times: { base: 8n, offsets: Float64Array.of(0, 1) }, values: [2, 3], items: [1, 2] })
  t.match(b, { quality: ['good', undefined] })
  t.end()
})
