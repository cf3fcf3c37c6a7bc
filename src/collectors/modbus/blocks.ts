/** Coalesces data points into few requests. */
import type { DataPoint } from './data-point.ts'
import { isBits, MAX_BITS, MAX_REGISTERS } from './pdu.ts'

/** What one request reads. */
export interface RegisterBlock extends Pick<DataPoint, 'unit' | 'table' | 'address' | 'count' | 'timeoutMs'> {
  readonly points: readonly DataPoint[]
}

/** Registers, or bits, that are read although no item needs them, where that saves a request. */
const MAX_GAP_REGISTERS = 32
const MAX_GAP_BITS = 256

/** @param gaps whether what no item needs may be read, too: some devices refuse addresses that they do not have */
export function blocksOf(points: readonly DataPoint[], gaps = true): RegisterBlock[] {
  const groups = Map.groupBy(points, ({ unit, table }) => `${unit} ${table}`)
  return [...groups.values()].flatMap((group) => coalesce(group, gaps))
}

function coalesce(points: readonly DataPoint[], gaps: boolean): RegisterBlock[] {
  const blocks: { -readonly [Member in keyof RegisterBlock]: RegisterBlock[Member] }[] = []
  const rows: DataPoint[][] = []
  for (const point of points.toSorted((a, b) => a.address - b.address)) {
    const { unit, table, address, count, timeoutMs } = point
    const [limit, gap] = isBits(table) ? [MAX_BITS, MAX_GAP_BITS] : [MAX_REGISTERS, MAX_GAP_REGISTERS]
    const last = blocks.at(-1)
    const end = last === undefined ? 0 : last.address + last.count
    const length = last === undefined ? 0 : Math.max(end, address + count) - last.address
    if (last === undefined || address - end > (gaps ? gap : 0) || length > limit) {
      const row = [point]
      rows.push(row)
      blocks.push({ unit, table, address, count, timeoutMs, points: row })
      continue
    }
    rows.at(-1)?.push(point)
    last.count = length
    last.timeoutMs = Math.max(last.timeoutMs, timeoutMs)
  }
  return blocks
}

/** Smaller blocks for one that the device refused; undefined where it cannot be split. */
export function split({ points }: RegisterBlock): RegisterBlock[] | undefined {
  if (points.length < 2) return undefined
  const withoutGaps = blocksOf(points, false)
  return withoutGaps.length > 1 ? withoutGaps : points.map((point) => ({ ...point, points: [point] }))
}
