/** Reads a collection plan from CSV, XLSX or JSON. */
import type { PlannedPoint } from '../../model/collection/planned-point.ts'
import { type PlanColumn, planColumns, pointOf, pointsOfRows, refuseRepeated } from './columns.ts'
import { readCsv } from './csv.ts'
import { MAX_ROWS } from './sheet.ts'

/**
 * @param name of the file; by its ending the format is known
 * @throws Error with what is wrong in which row and column
 */
export async function readCollectionPlan(bytes: Buffer, name: string): Promise<PlannedPoint[]> {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  if (ending === 'csv') return pointsOfRows(readCsv(bytes))
  if (ending === 'json') return pointsOfJson(bytes.toString())
  if (ending !== 'xlsx') throw new Error('a plan is a file that ends in .csv, .xlsx or .json')
  const { readXlsx } = await import('./xlsx.ts')
  return pointsOfRows(await readXlsx(bytes))
}

/** A list of objects whose members are the columns. */
function pointsOfJson(text: string): PlannedPoint[] {
  const list = parseList(text)
  if (list.length > MAX_ROWS) throw new Error(`it has more than ${MAX_ROWS} points`)
  const points = list.map((item, index) => {
    const place = `point ${index + 1}`
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Error(`${place}: it is no object`)
    for (const [name, value] of Object.entries(item)) {
      if (!(planColumns as readonly string[]).includes(name) && name !== 'remark')
        throw new Error(`${place}: it has no member "${name.slice(0, 60)}"; these are ${planColumns.join(', ')}`)
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new Error(`${place}, "${name}": a text or a number was expected`)
    }
    const textOf = (column: PlanColumn) => String((item as Record<string, unknown>)[column] ?? '').trim()
    return pointOf(textOf, (column) => `${place}, "${column}"`)
  })
  refuseRepeated(points, (index) => `point ${index + 1}`)
  return points
}

function parseList(text: string): unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Error(`it is no JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(value)) throw new Error('a list of points was expected')
  return value
}
