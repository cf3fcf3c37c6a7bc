/** Which last chunks of series are remembered. */
import tap from 'tap'
import { LastChunks } from '../../src/consumers/history/last-chunks.ts'
import type { Chunk } from '../../src/store/series.ts'

tap.test('as many series as there is room for stay known while chunks are written to them', async (t) => {
  const asked: string[] = []
  const store = {
    seriesOf: async ({ path }: { readonly path: string }) => {
      asked.push(path)
      return undefined
    },
    heads: async function* () {},
    chunks: async function* () {}
  }
  const last = new LastChunks(store, (error) => t.fail(String(error)))
  const chunk = (path: string, seq: number): Chunk => {
    return { submodel: 'm', path, from: 1n, to: 2n, seq, count: 2, bytes: Uint8Array.of(seq) }
  }
  const paths = Array.from({ length: 100_000 }, (_, i) => `Value${i}`)
  for (const seq of [1, 2]) for (const path of paths) last.note({ submodel: 'm', path }, [chunk(path, seq)])
  for (const path of paths) await last.unfilled({ submodel: 'm', path }, false)
  t.strictSame(asked, [])
  last.note({ submodel: 'm', path: 'Another' }, [chunk('Another', 1)])
  await last.unfilled({ submodel: 'm', path: 'Value0' }, false)
  t.strictSame(asked, ['Value0'], 'one more than that, and they are looked up again')
})
