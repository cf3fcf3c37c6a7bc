import t from 'tap'
import { SequenceNumbers } from '../../../src/collectors/opcua/thread/sequence-numbers.ts'

t.test('the numbers between two messages are those of messages that did not arrive', async (t) => {
  const numbers = new SequenceNumbers()
  t.same(numbers.note(7), [], 'the first one may have any')
  t.same(numbers.note(8), [])
  t.same(numbers.note(11), [9, 10])
  t.same(numbers.note(9), [], 'one that was sent again')
  t.same(numbers.note(10), [])
  t.same(numbers.note(12), [])
})

t.test('1 follows the highest number', async (t) => {
  const numbers = new SequenceNumbers()
  numbers.note(0xffff_fffe)
  t.same(numbers.note(2), [0xffff_ffff, 1])
  t.same(numbers.note(3), [])
})

t.test('a server may begin to count again', async (t) => {
  const numbers = new SequenceNumbers()
  numbers.note(50_000)
  t.same(numbers.note(1), [])
  t.same(numbers.note(3), [2])
  numbers.reset()
  t.same(numbers.note(70), [])
})
