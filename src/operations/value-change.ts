/** Writes of values as changes of the store. */
import { plainValue } from '../formats/to-value.ts'
import type { ValueMembers } from '../model/value-members.ts'
import type { Change, ElementRow } from '../store/store.ts'

/** A value change of one row; members missing in the body keep their values (PATCH). */
export function valueChange(submodel: string, row: ElementRow, members: ValueMembers): Change & { change: 'value' } {
  const value = JSON.stringify(isReplacedBy(row, members) ? members : { ...JSON.parse(row.value), ...members })
  return { change: 'value', submodel, path: row.path, incarnation: row.incarnation, value }
}

/** Does a row hold nothing, or only the value, which the members set? Most do. */
function isReplacedBy({ value }: ElementRow, members: ValueMembers): boolean {
  return value === '{}' || (members.value !== undefined && plainValue(value) !== undefined)
}
