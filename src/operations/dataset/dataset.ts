/**
 * Metadata of a data set for training elsewhere, such as on KAMP: a dictionary of its columns in Korean and English, a
 * guidebook, and a submodel of the template AI Dataset (IDTA 02058).
 */
import type { Table } from '../../formats/tables/table.ts'
import { formatTime } from '../../model/time.ts'
import type { Property, Reference, ReferenceElement, Submodel, SubmodelElement } from '../../model/types.ts'
import type { Variable } from '../history/variables.ts'

/** Statistics of a column, collected while the table is streamed. */
export interface ColumnStatistics {
  readonly name: string
  readonly unit: string
  count: number
  min: number
  max: number
}

export interface TableStatistics {
  rows: number
  from: bigint | undefined
  to: bigint | undefined
  readonly columns: readonly ColumnStatistics[]
}

/** Metadata of a variable. */
export interface DescribedVariable {
  readonly variable: Variable
  readonly english: string
  readonly korean: string
  /** From the qualifier `CollectionMethod` of the element. */
  readonly method: CollectionMethod
}

export type CollectionMethod = 'automatic' | 'semi-automatic' | 'manual'

const METHODS: Readonly<Record<CollectionMethod, string>> = {
  automatic: '자동',
  'semi-automatic': '반자동',
  manual: '수동'
}

/**
 * Passes a table through and collects statistics.
 * @param hasQuality a column of qualities follows each column of values; it is not counted, as a good quality is left empty
 */
export function withStatistics(table: Table, hasQuality: boolean): { table: Table; statistics: TableStatistics } {
  const valuesOf = <Item>([_time, ...items]: readonly Item[]) =>
    hasQuality ? items.filter((_, index) => index % 2 === 0) : items
  const statistics: TableStatistics = {
    rows: 0,
    from: undefined,
    to: undefined,
    columns: valuesOf(table.columns).map(({ name, unit = '' }) => ({
      ...{ name, unit },
      count: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY
    }))
  }
  const batches = async function* () {
    for await (const batch of table.batches) {
      const times = batch.columns[0]?.values as BigInt64Array
      statistics.rows += batch.length
      statistics.from ??= times[0]
      statistics.to = times[batch.length - 1] ?? statistics.to
      for (const [index, { values, present }] of valuesOf(batch.columns).entries()) {
        const column = statistics.columns[index]
        if (column === undefined) continue
        for (let row = 0; row < batch.length; row++) {
          if (present !== undefined && present[row] !== 1) continue
          column.count++
          const value = Number(values[row])
          if (value < column.min) column.min = value
          if (value > column.max) column.max = value
        }
      }
      yield batch
    }
  }
  return { table: { ...table, batches: batches() }, statistics }
}

/** A CSV file with one line per column of values, headed in Korean and English. */
export function dictionary(described: readonly DescribedVariable[], statistics: TableStatistics): string {
  const head = [
    '변수명 / Name',
    '의미 / Meaning (ko)',
    'Meaning (en)',
    '단위 / Unit',
    'semanticId',
    '자료형 / Value type',
    '최솟값 / Minimum',
    '최댓값 / Maximum',
    '수집 포인트 / Collection point',
    '수집 방법 / Method',
    '기간 시작 / From',
    '기간 끝 / To',
    '개수 / Count',
    '결측률 / Missing rate'
  ]
  // Buckets have a column for each aggregate of a variable; without any file of data there are no columns.
  const perVariable = Math.max(1, statistics.columns.length / described.length)
  const columns = described.flatMap((one, index) =>
    Array.from({ length: perVariable }, (_, i) => ({ ...one, column: statistics.columns[index * perVariable + i] }))
  )
  const lines = columns.map(({ variable, korean, english, method, column }) => {
    const count = column?.count ?? 0
    const isNumeric = count > 0 && Number.isFinite(column?.min)
    return [
      column?.name ?? variable.name,
      korean,
      english,
      column?.unit ?? variable.unit ?? '',
      variable.semanticId ?? '',
      variable.valueType ?? '',
      isNumeric ? String(column?.min) : '',
      isNumeric ? String(column?.max) : '',
      `${variable.submodel} ${variable.path}`,
      `${METHODS[method]} / ${method}`,
      statistics.from === undefined ? '' : formatTime(statistics.from),
      statistics.to === undefined ? '' : formatTime(statistics.to),
      String(count),
      missingRate(count, statistics.rows)
    ]
  })
  return `\uFEFF${[head, ...lines].map((cells) => cells.map(quoted).join(',')).join('\r\n')}\r\n`
}

/** Ratio of empty cells. */
function missingRate(count: number, rows: number): string {
  return rows === 0 ? '' : (1 - count / rows).toFixed(4)
}

/** Ratio of cells with a value, from 0 to 1. */
function completeness({ rows, columns }: TableStatistics): number {
  const cells = rows * columns.length
  return cells === 0 ? 0 : columns.reduce((sum, { count }) => sum + count, 0) / cells
}

export interface DatasetDescription {
  readonly id: string
  /** Names of the data files in the archive. */
  readonly files: readonly string[]
  readonly contentType: string
  readonly variables: readonly DescribedVariable[]
  readonly statistics: TableStatistics
  /** URL of the hub that the data come from. */
  readonly source: string
  /** Time of creation, ISO 8601. */
  readonly made: string
}

const TEMPLATE = 'https://admin-shell.io/idta/SubmodelTemplate/AIDataset/1/0'
const BASE = 'https://admin-shell.io/idta/AIDataset'

/** The data set as a submodel of the template. */
export function datasetSubmodel(description: DatasetDescription): Submodel {
  const { id, files, contentType, variables: described, statistics, source, made } = description
  const period = [statistics.from, statistics.to].map((time) => (time === undefined ? '' : formatTime(time))).join('/')
  return {
    modelType: 'Submodel',
    id: `${id}/submodel`,
    idShort: 'AIDataset',
    kind: 'Instance',
    semanticId: global(TEMPLATE),
    submodelElements: [
      text('URIOfTheProduct', '0112/2///61987#ABN590#002', id),
      text('Version', '0173-1#02-AAS354#002', made),
      {
        modelType: 'ReferenceElement',
        idShort: 'ContactInformation',
        semanticId: global(`${BASE}/ContactInformation/1/0`),
        value: global(source)
      },
      text('Storage', `${BASE}/Storage/1/0`, files.join(', ')),
      collection('SizeInformation', `${BASE}/SizeInformation/1/0`, [
        text('CompleteSize', `${BASE}//SizeInformation/CompleteSize/1/0`, `${statistics.rows} rows`)
      ]),
      collection('MetaData', `${BASE}/MetaData/1/0`, [
        text('FileType', `${BASE}/MetaData/FileType/1/0`, contentType),
        collection('AdditionalInformation', `${BASE}/MetaData/AdditionalInformation/1/0`, [
          text('Period', `${BASE}/MetaData/AdditionalInformation/Info/1/0`, period),
          text('Variables', `${BASE}/MetaData/AdditionalInformation/Info/1/0`, String(described.length)),
          text('Source', `${BASE}/MetaData/AdditionalInformation/Info/1/0`, source)
        ])
      ]),
      collection('Metrics', `${BASE}/Metrics/1/0`, [
        text('Completeness', `${BASE}/MetaData/Metrics/Metric/1/0`, completeness(statistics).toFixed(4))
      ]),
      collection('BoundaryConditions', `${BASE}/BoundaryConditions/1/0`, [
        collection(
          'DataCollectors',
          `${BASE}/BoundaryConditions/DataCollectors/1/0`,
          described.map(({ variable }, index) => collector(variable, index))
        )
      ])
    ]
  }
}

function collector({ submodel, path, modelType }: Variable, index: number): ReferenceElement {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '')
  const value: Reference = {
    type: 'ModelReference',
    keys: [
      { type: 'Submodel', value: submodel },
      ...steps.map((step, at) => ({
        type: at < steps.length - 1 ? ('SubmodelElementCollection' as const) : (modelType as 'Property'),
        value: step
      }))
    ]
  }
  return {
    modelType: 'ReferenceElement',
    idShort: `Collector${String(index + 1).padStart(2, '0')}`,
    semanticId: global(`${BASE}/BoundaryConditions/DataCollectors/CollectorDescription/1/0`),
    value
  }
}

function text(idShort: string, semanticId: string, value: string): Property {
  return { modelType: 'Property', idShort, semanticId: global(semanticId), valueType: 'xs:string', value }
}

function collection(idShort: string, semanticId: string, value: SubmodelElement[]) {
  return { modelType: 'SubmodelElementCollection' as const, idShort, semanticId: global(semanticId), value }
}

function global(value: string) {
  return { type: 'ExternalReference' as const, keys: [{ type: 'GlobalReference' as const, value }] }
}

/** The README of the archive. */
export function guidebook(
  { files, variables: described, statistics, source, made }: DatasetDescription,
  purpose: string
): string {
  const period =
    statistics.from === undefined
      ? '–'
      : `${formatTime(statistics.from)} – ${formatTime(statistics.to ?? statistics.from)}`
  const variables = described.map(({ variable, korean, english }) => {
    return `| ${variable.name} | ${korean} | ${english} | ${variable.unit ?? ''} |`
  })
  return [
    '# 데이터셋 안내서 / Data set guidebook',
    '',
    `- 목적 / Purpose: ${purpose === '' ? '(기재되지 않음 / not stated)' : purpose}`,
    `- 출처 / Source: ${source} (${[...new Set(described.map(({ variable }) => variable.submodel))].join(', ')})`,
    `- 생성 시각 / Made: ${made}`,
    `- 기간 / Period: ${period}`,
    `- 행 수 / Rows: ${statistics.rows}`,
    `- 파일 / Files: ${files.join(', ')}`,
    '',
    '## 변수 / Variables',
    '',
    '| 변수명 / Name | 의미 / Meaning | Meaning | 단위 / Unit |',
    '| --- | --- | --- | --- |',
    ...variables,
    '',
    '`data-dictionary.csv`: 범위, 수집 포인트와 방법, 결측률 / range, point and method of collection, missing rate.',
    '',
    '## 품질 지표 / Quality',
    '',
    `- 완전성 / Completeness: ${completeness(statistics).toFixed(4)}`,
    '- 유일성 / Uniqueness: 1 (같은 시각의 값은 하나만 / one value of each point in time)',
    '- 유효성 / Validity: 1 (모든 값은 자료형에 맞음을 확인 / every value was validated against its type)',
    '- 일관성, 정확성, 무결성 / Consistency, accuracy, integrity: 측정하지 않음 / not measured; `manifest.json` has the SHA-256 of each file',
    ''
  ].join('\n')
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
