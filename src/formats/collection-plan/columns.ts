/** The columns of a collection plan, and the rows below them as points. */
import { collectionMethods, type PlannedMethod, type PlannedPoint } from '../../model/collection/planned-point.ts'
import { durationMs } from '../../model/duration.ts'
import { parseStoredPath } from '../../model/path.ts'
import { columnLetters, type SheetRow } from './sheet.ts'

export const planColumns = ['process', 'machine', 'submodel', 'element', 'kind', 'method', 'period'] as const
export type PlanColumn = (typeof planColumns)[number]

/** Headings as plans have them, without blanks and in lower case. A remark is not read. */
const HEADINGS: Readonly<Record<PlanColumn | 'remark', readonly string[]>> = {
  process: ['process', '공정', '공정명'],
  machine: ['machine', '설비', 'equipment', '설비명', '장비', '장비명'],
  submodel: ['submodel', '서브모델', 'submodelid', '서브모델id'],
  element: ['element', '수집항목', 'idshortpath', 'path', '요소', '수집요소'],
  kind: ['kind', '종류', '데이터종류', '데이터유형'],
  method: ['method', '방법', '수집방법', '수집방식'],
  period: ['period', '주기', '수집주기'],
  remark: ['remark', 'remarks', 'note', 'notes', 'no', 'no.', '비고', '번호', '순번', '']
}

const METHODS: Readonly<Record<PlannedMethod, readonly string[]>> = {
  automatic: ['automatic', 'auto', '자동'],
  'semi-automatic': ['semi-automatic', 'semiautomatic', 'semi', '반자동'],
  manual: ['manual', '수동']
}

/** @throws Error with the row and the column that are wrong */
export function pointsOfRows(rows: readonly SheetRow[]): PlannedPoint[] {
  const filled = rows.filter(({ cells }) => cells.some((cell) => cell !== ''))
  const [head, ...body] = filled
  if (head === undefined) throw new Error('it is empty')
  const places = placesOf(head)
  const points = body.map((row) => {
    const at = (column: PlanColumn) => `row ${row.number}, column ${columnLetters(places[column])} ("${column}")`
    return pointOf((column) => row.cells[places[column]] ?? '', at)
  })
  refuseRepeated(points, (index) => `row ${body[index]?.number}`)
  return points
}

/**
 * One point of texts.
 * @param at names the place of a column in messages
 * @throws Error
 */
export function pointOf(text: (column: PlanColumn) => string, at: (column: PlanColumn) => string): PlannedPoint {
  for (const column of ['process', 'machine', 'submodel', 'element', 'method'] as const)
    if (text(column) === '') throw new Error(`${at(column)}: it is empty`)
  const path = text('element')
  if (parseStoredPath(path) === undefined)
    throw new Error(`${at('element')}: "${excerpt(path)}" is no idShortPath, such as Drive.Speed`)
  const method = collectionMethods.find((one) => METHODS[one].includes(text('method').toLowerCase()))
  if (method === undefined)
    throw new Error(
      `${at('method')}: "${excerpt(text('method'))}" is none of ${collectionMethods.join(', ')} (자동, 반자동, 수동)`
    )
  const period = text('period')
  const periodMs = period === '' ? undefined : periodOf(period)
  if (Number.isNaN(periodMs))
    throw new Error(
      `${at('period')}: "${excerpt(period)}" is no period, such as 500ms, 1s, 5m, PT1S, or a number of seconds from 0.001 on`
    )
  const [process, machine, submodel, kind] = [text('process'), text('machine'), text('submodel'), text('kind')]
  return { process, machine, submodel, path, kind, method, periodMs }
}

/** @throws Error where two points are one element */
export function refuseRepeated(points: readonly PlannedPoint[], at: (index: number) => string): void {
  const known = new Map<string, number>()
  for (const [index, { submodel, path }] of points.entries()) {
    const key = `${path} ${submodel}`
    const before = known.get(key)
    if (before !== undefined)
      throw new Error(`${at(index)}: the element "${path}" of "${submodel}" is planned in ${at(before)} already`)
    known.set(key, index)
  }
}

function placesOf({ number, cells }: SheetRow): Record<PlanColumn, number> {
  const places = new Map<PlanColumn, number>()
  for (const [index, cell] of cells.entries()) {
    const heading = cell.toLowerCase().replace(/[\s_-]/g, '')
    const column = [...planColumns, 'remark' as const].find((one) => HEADINGS[one].includes(heading))
    const at = `row ${number}, column ${columnLetters(index)}`
    if (column === undefined)
      throw new Error(`${at}: "${excerpt(cell)}" is no column of a plan; these are ${describeColumns()}`)
    if (column === 'remark') continue
    if (places.has(column)) throw new Error(`${at}: the column "${column}" is there twice`)
    places.set(column, index)
  }
  const missing = planColumns.filter((column) => !places.has(column))
  if (missing.length > 0)
    throw new Error(`row ${number}: there is no column "${missing[0]}" (${HEADINGS[missing[0] as PlanColumn][1]})`)
  return Object.fromEntries(places) as Record<PlanColumn, number>
}

function describeColumns(): string {
  return planColumns.join(', ')
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  초: 1000,
  m: 60_000,
  min: 60_000,
  분: 60_000,
  h: 3_600_000,
  시간: 3_600_000,
  d: 86_400_000,
  일: 86_400_000
}

/** Milliseconds, from 1 on; NaN where it is no period. */
function periodOf(text: string): number {
  const [, number = '', unit = 's'] = /^(\d{1,9}(?:\.\d{1,6})?)\s*(\p{L}+)?$/u.exec(text) ?? []
  const ms = number === '' ? durationMs(text) : Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN)
  return ms !== undefined && ms >= 1 && ms <= MAX_PERIOD_MS ? ms : Number.NaN
}

const MAX_PERIOD_MS = 3650 * 86_400_000

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
