/** The lexical space of the XSD types, as far as it helps while typing; the hub decides. */
const INTEGER = /^[+-]?\d+$/
const UNSIGNED = /^\+?\d+$/
const DATE = String.raw`-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`
const TIME = String.raw`(?:[01]\d|2[0-4]):[0-5]\d:[0-5]\d(?:\.\d+)?`
const ZONE = String.raw`(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?`

const PATTERNS: Readonly<Record<string, RegExp>> = {
  'xs:boolean': /^(?:true|false|1|0)$/,
  'xs:decimal': /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/,
  'xs:double': /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN)$/,
  'xs:float': /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN)$/,
  'xs:integer': INTEGER,
  'xs:long': INTEGER,
  'xs:int': INTEGER,
  'xs:short': INTEGER,
  'xs:byte': INTEGER,
  'xs:nonNegativeInteger': UNSIGNED,
  'xs:positiveInteger': UNSIGNED,
  'xs:unsignedLong': UNSIGNED,
  'xs:unsignedInt': UNSIGNED,
  'xs:unsignedShort': UNSIGNED,
  'xs:unsignedByte': UNSIGNED,
  'xs:dateTime': new RegExp(`^${DATE}T${TIME}${ZONE}$`),
  'xs:date': new RegExp(`^${DATE}${ZONE}$`),
  'xs:time': new RegExp(`^${TIME}${ZONE}$`),
  'xs:duration': /^-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/,
  'xs:hexBinary': /^(?:[\da-fA-F]{2})*$/
}

const RANGES: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  'xs:long': [-(2n ** 63n), 2n ** 63n - 1n],
  'xs:int': [-(2n ** 31n), 2n ** 31n - 1n],
  'xs:short': [-32768n, 32767n],
  'xs:byte': [-128n, 127n],
  'xs:positiveInteger': [1n, 10n ** 100n],
  'xs:unsignedLong': [0n, 2n ** 64n - 1n],
  'xs:unsignedInt': [0n, 2n ** 32n - 1n],
  'xs:unsignedShort': [0n, 65535n],
  'xs:unsignedByte': [0n, 255n]
}

/** Is the text a value of the type? Types that are not checked here take any text. */
export function isLexical(text: string, valueType: string): boolean {
  if (PATTERNS[valueType]?.test(text) === false) return false
  const [min, max] = RANGES[valueType] ?? []
  if (min === undefined || max === undefined) return true
  const value = BigInt(text.replace(/^\+/, ''))
  return min <= value && value <= max
}
