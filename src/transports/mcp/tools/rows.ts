/** Answers have rows under column names: the shortest form that is still plain JSON. */

/** Where the first column is the same in all rows, it is said once, beside them. */
export function hoisted(columns: readonly string[], rows: readonly (readonly unknown[])[]): object {
  const [name = '', ...others] = columns
  const [first] = rows
  if (first === undefined || rows.length < 2 || rows.some(([value]) => value !== first[0])) return { columns, rows }
  return { [name]: first[0], columns: others, rows: rows.map((row) => row.slice(1)) }
}
