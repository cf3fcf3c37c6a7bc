/** Qualities of the hub and of i3X. */
import type { Quality } from '../../../model/samples.ts'

/** `Bad` and `GoodNoData` carry no value, the others always do. */
export type I3xQuality = 'Good' | 'GoodNoData' | 'Bad' | 'Uncertain'

export function qualityOf(quality: Quality | undefined): Exclude<I3xQuality, 'GoodNoData'> {
  if (quality === 'bad') return 'Bad'
  return quality === 'uncertain' ? 'Uncertain' : 'Good'
}
