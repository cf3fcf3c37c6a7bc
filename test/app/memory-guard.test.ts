import t from 'tap'
import { guardMemory } from '../../src/app/memory-guard.ts'
import { MemoryBudget } from '../../src/memory/budget.ts'
import { manualClock } from '../manual-clock.ts'

t.test('the process is held to its budget, and to the limit of its heap', async (t) => {
  const memory = new MemoryBudget(100)
  const clock = manualClock()
  let size = { rss: 500, heap: 0.2 }
  let shrunk = 0
  memory.keeps(
    'documents',
    () => 0,
    () => {
      shrunk++
    }
  )
  t.teardown(guardMemory(memory, 1000, clock, () => size))
  const after = async (rss: number, heap: number) => {
    size = { rss, heap }
    await clock.advance(1000)
    return memory.isTight
  }
  t.notOk(await after(800, 0.2))
  t.ok(await after(950, 0.2), 'close to the budget')
  t.ok(await after(820, 0.2), 'until there is room again')
  t.ok(shrunk >= 2, 'caches shrink again and again')
  t.notOk(await after(700, 0.2))
  t.ok(await after(500, 0.95), 'close to the limit of the heap')
  t.notOk(await after(500, 0.5))
})
