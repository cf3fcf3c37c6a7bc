/** A content as its difference to another one: what both begin and end with is left out. */

export interface Difference {
  /** Bytes at the start and at the end that both have. */
  readonly start: number
  readonly end: number
  /** What the content has between them. */
  readonly middle: Buffer
}

export function differenceOf(content: Buffer, other: Buffer): Difference {
  const shorter = Math.min(content.length, other.length)
  const start = longest(shorter, (bytes, from) => content.compare(other, from, bytes, from, bytes) === 0)
  const end = longest(shorter - start, (bytes, from) => {
    const [ours, theirs] = [content.length, other.length]
    return content.compare(other, theirs - bytes, theirs - from, ours - bytes, ours - from) === 0
  })
  return { start, end, middle: content.subarray(start, content.length - end) }
}

/** Reverses `differenceOf`; undefined if the other one is too short to be that of then. */
export function withDifference(other: Buffer, { start, end, middle }: Difference): Buffer | undefined {
  if (start + end > other.length) return undefined
  return Buffer.concat([other.subarray(0, start), middle, other.subarray(other.length - end)])
}

/**
 * By halving, as comparing bytes at once is a hundred times faster than one by one.
 * @param most number of bytes to compare
 * @param isSame of the bytes from the second number up to the first
 * @returns the number of bytes that are the same
 */
function longest(most: number, isSame: (bytes: number, from: number) => boolean): number {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (isSame(middle, low)) low = middle
    else high = middle - 1
  }
  return low
}
