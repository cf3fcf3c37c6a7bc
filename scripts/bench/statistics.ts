/** Median and quantiles. */

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5)
}

/** @param part from 0 (minimum) to 1 */
export function quantile(figures: readonly number[], part: number): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length * part)] ?? Number.NaN
}
