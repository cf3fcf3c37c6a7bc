/** Renders DOCX in a thread of its own: the library makes a document in one piece, which takes seconds for a large one. */
import { HubError } from '../../errors.ts'
import { runAlone } from '../../threads/run-alone.ts'
import type { TimeSlice } from '../../time-slice.ts'
import { concurrencyLimit } from '../concurrency-limit.ts'
import type { Block, DocumentSection, Fold, ReportDocument, TableCell } from '../document.ts'

/** As source and as built. */
const MODULE = new URL(import.meta.url.replace(/docx-thread(\.[jt]s)$/, 'docx-worker$1'))

/** Each takes some hundred megabytes for a large document. */
const limited = concurrencyLimit(2, 'Other documents are being made; try again later')
const MAX_HEAP_MB = 1024
/** Of one table; programs that read DOCX get slow far below. */
const MAX_ROWS = 20_000
const TOO_LARGE = 'The document is too large for DOCX; HTML and XLSX have no such limit'

/**
 * @param slice of the request @param signal ends the work
 * @throws HubError `Unavailable` where too many are being made, or the document is too large
 */
export function renderDocxInThread(document: ReportDocument, slice: TimeSlice, signal?: AbortSignal): Promise<Buffer> {
  return limited(() => rendered(document, slice, signal))
}

async function rendered(document: ReportDocument, slice: TimeSlice, signal: AbortSignal | undefined): Promise<Buffer> {
  const input = await withoutGenerators(document, slice)
  const task = { module: MODULE, task: 'render', input, maxHeapMb: MAX_HEAP_MB, tooLarge: TOO_LARGE, signal }
  const { buffer, byteOffset, byteLength } = await runAlone<Uint8Array>(task)
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Rows may be produced while they are read, which another thread cannot do. */
async function withoutGenerators(document: ReportDocument, slice: TimeSlice): Promise<ReportDocument> {
  return { ...document, sections: await Promise.all(document.sections.map(section)) }

  async function section(one: DocumentSection): Promise<DocumentSection> {
    const blocks: Block[] = []
    for (const block of one.blocks) blocks.push(await plain(block))
    const below = one.sections && (await Promise.all(one.sections.map(section)))
    return { ...one, blocks, ...(below && { sections: below }) }
  }

  async function plain(block: Block): Promise<Block> {
    if (block.kind === 'fold') {
      const blocks: Block[] = []
      for (const inner of block.blocks) blocks.push(await plain(inner))
      return { ...block, blocks: blocks as Fold['blocks'] }
    }
    if (block.kind !== 'table') return block
    const rows: (readonly TableCell[])[] = []
    for (const row of block.rows) {
      if (rows.push(row) > MAX_ROWS) throw new HubError('TooLarge', [TOO_LARGE])
      await slice.check()
    }
    return { ...block, rows }
  }
}
