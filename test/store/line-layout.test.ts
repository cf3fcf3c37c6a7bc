import t from 'tap'
import { decodeBatchContent, encodeBatchContent } from '../../src/store/mongodb/batch-codec.ts'
import type { LoggedCommit } from '../../src/store/mongodb/batch-content.ts'
import { commitsOf, joinCommits, LayoutBuilder, toLineCommit } from '../../src/store/mongodb/line-layout.ts'

const commit = (value: string): LoggedCommit => ({
  changes: [{ change: 'value', submodel: `s${value}`, path: 'p', incarnation: 1, value }],
  notes: [{}]
})

t.test(
  'commits that are spread over the log and lines come together in their order, without the refused ones',
  async (t) => {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(commit)
    const layout = new LayoutBuilder()
    layout.add(false, true) // a
    layout.add(true, true) // b
    layout.add(true, false) // refused
    layout.add(false, false) // refused, so nowhere
    layout.add(true, true) // c
    layout.add(true, true) // d
    layout.add(false, true) // e
    const built = layout.build()
    const all = [a, b, c, d, e] as LoggedCommit[]
    const lines = [b, commit('refused'), c, d] as LoggedCommit[]
    t.strictSame(commitsOf(all, built, 'log'), [a, e])
    t.strictSame(commitsOf(all, built, 'line'), [b, c, d])
    t.strictSame(joinCommits([a, e] as LoggedCommit[], lines, built), all)
    t.strictSame(
      joinCommits([a, e] as LoggedCommit[], undefined, built).map(({ changes }) => changes.length),
      [1, 0, 0, 0, 1],
      'what is not read keeps its place'
    )
  }
)

t.test('a batch names what its lines change, and is unreadable to a release that does not know lines', async (t) => {
  const inLine: LoggedCommit = {
    changes: [...commit('a').changes, { change: 'idempotencyKey', key: 'k' }],
    notes: [{}, {}]
  }
  const content = { commits: [inLine, commit('b')], controls: [] }
  const lines = {
    parts: [{ name: 'one', memoryBytes: 1000 }],
    layout: [
      [1, 1],
      [0, 1]
    ]
  } as const
  const { bytes, memoryBytes } = encodeBatchContent(content, lines)
  const read = decodeBatchContent(bytes)
  t.strictSame(read.content.commits, [commit('b')])
  t.strictSame(read.lines, { layout: lines.layout, subjects: [['sa'], ['k']] })
  t.ok(memoryBytes > 1000)
  // Earlier releases take every first byte but 1 for plain content.
  const asEarlier = () => JSON.parse(bytes.subarray(1).toString('utf8', 4, 4 + bytes.readUInt32LE(1)))
  t.throws(asEarlier)
})

t.test('only commits whose effects do not depend on their place go into a line', async (t) => {
  const value = commit('a').changes[0] as LoggedCommit['changes'][0]
  t.strictSame(toLineCommit([{ change: 'expect', kind: 'Submodel', id: 's', state: 'absent' }, value]), commit('a'))
  t.equal(toLineCommit([value, { change: 'audit', record: '{}' }]), undefined)
  t.equal(toLineCommit([{ change: 'delete', kind: 'Submodel', id: 's' }]), undefined)
})
