/** Values of the XSD types in the reader's way. */
import { formatNumber, formatTime } from './format.ts'
import { language } from './language.ts'

const INTEGERS: ReadonlySet<string> = new Set([
  ...['xs:integer', 'xs:long', 'xs:int', 'xs:short', 'xs:byte', 'xs:nonNegativeInteger', 'xs:positiveInteger'],
  ...['xs:unsignedLong', 'xs:unsignedInt', 'xs:unsignedShort', 'xs:unsignedByte', 'xs:nonPositiveInteger'],
  'xs:negativeInteger'
])
const DECIMALS: ReadonlySet<string> = new Set(['xs:double', 'xs:float', 'xs:decimal'])

export function isNumeric(valueType: string | undefined): boolean {
  return valueType !== undefined && (INTEGERS.has(valueType) || DECIMALS.has(valueType))
}

/** As it is stored where the reader's way would lose something. */
export function formatValue(value: string, valueType: string | undefined): string {
  if (valueType === undefined) return value
  if (INTEGERS.has(valueType)) {
    return /^[+-]?\d{1,40}$/.test(value)
      ? new Intl.NumberFormat(language.value).format(BigInt(value.replace('+', '')))
      : value
  }
  if (DECIMALS.has(valueType)) return formatDecimal(value)
  if (valueType === 'xs:dateTime') return formatTime(value)
  if (valueType === 'xs:date') return formatDate(value)
  return value
}

function formatDecimal(value: string): string {
  const number = Number(value)
  if (value.trim() === '' || Number.isNaN(number)) return value
  const [, decimals = ''] = /\.(\d+)$/.exec(value) ?? []
  // More digits than a double has are shown as they are stored.
  if (value.replace(/\D/g, '').length > 15) return value
  if (/e/i.test(value)) return formatNumber(number, { maximumSignificantDigits: 15 })
  return formatNumber(number, { minimumFractionDigits: decimals.length, maximumFractionDigits: decimals.length })
}

function formatDate(value: string): string {
  const time = new Date(value)
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(time.getTime())) return value
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'long', timeZone: 'UTC' }).format(time)
}
