/** The course of a value as a small line. The value itself stands beside it in words. */

const [WIDTH, HEIGHT] = [120, 32]

export interface SparklineProps {
  /** The latest last; undefined is a gap. */
  readonly values: readonly (number | undefined)[]
  /** Number of values over the whole width. */
  readonly capacity: number
}

export function Sparkline({ values, capacity }: SparklineProps) {
  const highest = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE)
  const offset = capacity - values.length
  const points = values.map((value, index) => {
    if (value === undefined) return ''
    const x = ((offset + index) / Math.max(1, capacity - 1)) * WIDTH
    const y = HEIGHT - 2 - (value / highest) * (HEIGHT - 4)
    return `${values[index - 1] === undefined ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
  })
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={`M0 ${HEIGHT - 1}H${WIDTH}`} class="sparkline-base" />
      <path d={points.join('')} />
    </svg>
  )
}
