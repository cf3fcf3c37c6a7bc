/** A verdict in words; the colour only repeats it. */
import type { CheckVerdict } from '../../../client/api/compliance.ts'
import { formatNumber } from '../../core/format.ts'
import { complianceMessages } from './messages.ts'

const TONES: Readonly<Record<CheckVerdict, string>> = { met: 'good', partly: 'warning', unmet: 'error', unknown: '' }

export function VerdictBadge({ verdict, count }: { readonly verdict: CheckVerdict; readonly count?: number }) {
  const words = complianceMessages()[verdict]
  return (
    <span class={`badge ${TONES[verdict]}`}>{count === undefined ? words : `${formatNumber(count)} ${words}`}</span>
  )
}
