/** Intersects ordered lists by leapfrogging from list to list. */

/** The first position in a list that is at least `from`. */
export type Seek = (from: number) => number | undefined

/** Seeks per page, which take less than 100 ms. */
const MAX_SEEKS = 20_000

/**
 * At most `limit` positions after `after` that are in all lists, ascending. Each list skips to the position of the
 * others, so a short list saves most seeks in long ones. Two long lists without common positions would still take long:
 * after `budget` seeks it stops and returns the position to continue after (`stoppedAt`).
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
