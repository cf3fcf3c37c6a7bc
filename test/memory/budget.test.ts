import t from 'tap'
import { MemoryBudget } from '../../src/memory/budget.ts'

t.test('what is under way has a bound by itself and one in common', async (t) => {
  const memory = new MemoryBudget(100)
  const [bodies, writes] = [memory.holder('bodies', 80), memory.holder('writes', 80)]
  t.ok(bodies.take(70))
  t.notOk(bodies.take(20), 'beyond its own bound')
  t.ok(writes.take(20))
  t.notOk(writes.take(20), 'beyond that of all')
  t.equal(memory.refusals, 2)
  bodies.release(70)
  t.ok(writes.take(20), 'again, when others have ended')
  t.same(memory.held(), [
    { name: 'bodies', bytes: 0, isUnderWay: true },
    { name: 'writes', bytes: 40, isUnderWay: true }
  ])
})

t.test('who holds nothing gets what it needs, however much', async (t) => {
  const memory = new MemoryBudget(100)
  const [bodies, writes] = [memory.holder('bodies', 10), memory.holder('writes', 10)]
  t.ok(bodies.take(500))
  t.ok(writes.take(50))
  t.notOk(writes.take(1))
})

t.test('what counts by itself is part of the common bound; what is kept is not', async (t) => {
  const memory = new MemoryBudget(100)
  let samples = 90
  memory.carries('samples', () => samples)
  memory.keeps('documents', () => 1000)
  t.notOk(memory.isFull(10))
  t.ok(memory.isFull(11))
  samples = 0
  t.notOk(memory.isFull(100))
})

t.test('while memory is tight caches shrink, and less may be under way', async (t) => {
  const memory = new MemoryBudget(100)
  let cache = 64
  memory.keeps(
    'documents',
    () => cache,
    () => {
      cache /= 2
    }
  )
  const bodies = memory.holder('bodies', 100)
  memory.isTight = true
  t.equal(cache, 32)
  t.ok(bodies.take(20))
  t.notOk(bodies.take(20))
  memory.isTight = false
  t.equal(cache, 32)
  t.ok(bodies.take(20))
})
