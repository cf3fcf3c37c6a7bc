/** Fills one column of a batch, and widens its type when a cell does not fit. */
import type { ColumnBatch, ColumnType } from '../../formats/tables/table.ts'
import { numberText, widen } from '../../formats/tables/widen.ts'
import { type Cell, isLong } from './cells.ts'

export class ColumnBuilder {
  readonly #planned: ColumnType
  readonly #size: number
  readonly #present: Uint8Array
  #type: ColumnType
  #values: BigInt64Array | Float64Array | Uint8Array | string[]
  #length = 0
  #isComplete = true
  #isLong = false

  /** @param type initial type. @param size maximum number of cells */
  constructor(type: ColumnType, size: number) {
    this.#planned = type
    this.#type = type
    this.#size = size
    this.#present = new Uint8Array(size)
    this.#values = emptyColumn(type, size)
  }

  add(cell: Cell): void {
    const at = this.#length++
    if (cell === undefined) {
      this.#isComplete = false
      return
    }
    this.#present[at] = 1
    this.#set(at, cell)
  }

  batch(): ColumnBatch {
    const length = this.#length
    const values = Array.isArray(this.#values) ? this.#values.slice(0, length) : this.#values.subarray(0, length)
    return {
      values,
      ...(!this.#isComplete && { present: this.#present.subarray(0, length) }),
      ...(this.#type !== this.#planned && { type: this.#type }),
      ...(this.#isLong && { isLong: true })
    }
  }

  #set(at: number, cell: Exclude<Cell, undefined>): void {
    switch (this.#type) {
      case 'time':
        ;(this.#values as BigInt64Array)[at] = cell as bigint
        return
      case 'number':
        if (typeof cell === 'number') this.#values[at] = cell
        else if (typeof cell === 'bigint' && !isLong(cell)) this.#values[at] = Number(cell)
        else this.#widen('text', at, cell)
        return
      case 'integer':
        if (typeof cell === 'bigint') {
          ;(this.#values as BigInt64Array)[at] = cell
          this.#isLong ||= isLong(cell)
        } else this.#widen(typeof cell === 'number' && !this.#isLong ? 'number' : 'text', at, cell)
        return
      case 'boolean':
        if (typeof cell === 'boolean') this.#values[at] = cell ? 1 : 0
        else this.#widen('text', at, cell)
        return
      default:
        ;(this.#values as string[])[at] = typeof cell === 'number' ? numberText(cell) : String(cell)
    }
  }

  #widen(type: ColumnType, at: number, cell: Exclude<Cell, undefined>): void {
    const values = emptyColumn(type, this.#size)
    const before = Array.isArray(this.#values) ? this.#values : this.#values.subarray(0, at)
    const wider = widen(before, this.#type, type)
    // Absent cells are empty texts.
    if (Array.isArray(values)) for (let i = 0; i < at; i++) values[i] = this.#present[i] === 1 ? String(wider[i]) : ''
    else (values as Float64Array).set(wider as Float64Array)
    this.#values = values
    this.#type = type
    this.#isLong = false
    this.#set(at, cell)
  }
}

function emptyColumn(type: ColumnType, size: number): BigInt64Array | Float64Array | Uint8Array | string[] {
  switch (type) {
    case 'number':
      return new Float64Array(size)
    case 'boolean':
      return new Uint8Array(size)
    case 'text':
      return new Array<string>(size).fill('')
    default:
      return new BigInt64Array(size)
  }
}
