/** Numbers in answers: six digits are what measurements have, and each further one costs. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS))
}

const DIGITS = 6
