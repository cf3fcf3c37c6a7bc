/** Numbers, times and sizes in the reader's way. */
import type { LangString } from '../../client/api/aas.ts'
import { language } from './language.ts'

export function formatNumber(value: number, options: Intl.NumberFormatOptions = { maximumFractionDigits: 6 }): string {
  return new Intl.NumberFormat(language.value, options).format(value)
}

/** @param value ISO 8601, or milliseconds since 1970 */
export function formatTime(value: string | number): string {
  const time = new Date(value)
  if (Number.isNaN(time.getTime())) return String(value)
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'medium' }).format(time)
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

export function formatBytes(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return formatNumber(bytes / 1000 ** step, {
    ...{ style: 'unit', unit: UNITS[step] ?? 'byte', unitDisplay: step === 0 ? 'long' : 'short' },
    maximumSignificantDigits: 3
  })
}

/** The text in the reader's language; otherwise in English, otherwise the first. */
export function textOf(texts: readonly LangString[] | undefined): string | undefined {
  return langStringOf(texts)?.text
}

export function langStringOf(texts: readonly LangString[] | undefined): LangString | undefined {
  const of = (code: string) => texts?.find(({ language: tag }) => tag.toLowerCase().split('-')[0] === code)
  return of(language.value) ?? of('en') ?? texts?.[0]
}
