import { formatNumber } from '../../core/format.ts'

export function formatSeconds(seconds: number): string {
  const isShort = seconds < 1
  return formatNumber(isShort ? seconds * 1000 : seconds, {
    ...{ style: 'unit', unit: isShort ? 'millisecond' : 'second', unitDisplay: 'short', maximumSignificantDigits: 3 }
  })
}

/** In the largest unit of which there is at least one. */
export function formatDuration(seconds: number): string {
  const [unit, length] = seconds >= 172_800 ? ['day', 86_400] : seconds >= 7200 ? ['hour', 3600] : ['minute', 60]
  return formatNumber(Math.floor(seconds / Number(length)), {
    ...{ style: 'unit', unit: String(unit), unitDisplay: 'long' }
  })
}
