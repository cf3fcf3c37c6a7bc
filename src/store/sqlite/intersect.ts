/** Finding what several ordered lists have in common, by leaping from list to list. */

/** The first position in a list that is not before `from`. */
export type Seek = (from: number) => number | undefined

/** So many seeks for one page; less than a tenth of a second. */
const MAX_SEEKS = 20_000

/**
 * At most `limit` positions after `after` that all lists have, ascending. Each list leaps to where the others are, so a
 * list with few positions spares the others theirs. Two long lists that never agree would still keep the caller
 * waiting: after a number of seeks it gives up and tells where to go on (`stoppedAt`).
 */
export function intersect(seeks: readonly Seek[], after: number, limit: number, budget = MAX_SEEKS) {
  const positions: number[] = []
  let candidate = after + 1
  let agreed = 0
  for (let turn = 0; turn < budget; turn++) {
    const found = seeks[turn % seeks.length]?.(candidate)
    if (found === undefined) return { positions, stoppedAt: undefined }
    agreed = found === candidate ? agreed + 1 : 1
    candidate = found
    if (agreed < seeks.length) continue
    positions.push(candidate)
    if (positions.length === limit) return { positions, stoppedAt: undefined }
    candidate++
    agreed = 0
  }
  return { positions, stoppedAt: candidate - 1 }
}
