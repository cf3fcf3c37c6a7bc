/**
 * The patterns that the metamodel refers to by name. Each is composed from its grammar, and anchored.
 *
 * They work by UTF-16 code units and by code points (Ajv runs with `unicodeRegExp: false`), and no text makes them slow:
 * no loop is nested in a loop over the same characters. For unbounded texts, a loop is over a character class or is
 * bounded itself, because V8 uses stack for each iteration of any other loop.
 */

// ---- RFC 2396, "URI Generic Syntax"; every grammar rule that shrinks to a class of characters is written as one.
const UNRESERVED = "a-zA-Z0-9\\-_.!~*'()"
const ESCAPES_ARE_WHOLE = '(?![\\s\\S]*?%(?![0-9a-fA-F]{2}))'
const SCHEME = '[a-zA-Z][a-zA-Z0-9+\\-.]*'
// `abs_path` after its first slash. It may begin with another one, and `reg_name` has only characters of segments; so it
// covers net_path, server and authority.
const SEGMENT_CHARACTER = `[${UNRESERVED}%;@&=+$,]`
const URI_CHARACTER = `[${UNRESERVED}%;:@&=+$,/?]`
const PATH = [
  ESCAPES_ARE_WHOLE,
  '(?:',
  [
    // absoluteURI, hierarchical or opaque
    `${SCHEME}:${URI_CHARACTER}+`,
    // net_path and abs_path
    `/${URI_CHARACTER}*`,
    // rel_path: no colon before the first slash
    `${SEGMENT_CHARACTER}+(?:[/?]${URI_CHARACTER}*)?`
  ].join('|'),
  ')?',
  `(?:#${URI_CHARACTER}*)?`
].join('')

// ---- xs:anyURI: RFC 2396 as amended by RFC 2732, which adds IPv6 addresses in brackets; and, by XML Schema part 2,
// 3.2.17, texts that become such a URI when escaped, also IRIs (Part 1, "URIs and IRIs"). The characters are those of
// RFC 3987, `ucschar` and in queries `iprivate`; [AASd-130] checks that surrogates come in pairs.
const UCSCHAR = '\\u00a0-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\uffef\\ud800-\\udb7f\\udc00-\\udfff'
const IPRIVATE = '\\ue000-\\uf8ff\\udb80-\\udbff'
const IUNRESERVED = `${UNRESERVED}${UCSCHAR}`
const IPATH_CHARACTER = `[${IUNRESERVED}%;:@&=+$,/]`
const ISEGMENT_CHARACTER = `[${IUNRESERVED}%;@&=+$,]`
const BRACKETED_CHARACTER = `[${IUNRESERVED}%;:@&=+$,/?[\\]]`
const QUERY_CHARACTER = `[${IUNRESERVED}${IPRIVATE}%;:@&=+$,/?[\\]]`
const HEX4 = '[0-9a-fA-F]{1,4}'
const HEX_GROUPS = `${HEX4}(?::${HEX4})*`
const IPV4 = '[0-9]{1,3}(?:\\.[0-9]{1,3}){3}'
// RFC 2373, appendix B. Its grammar requires a third colon between `::` and an IPv4 address, its examples have two.
const IPV6 = `(?:${HEX_GROUPS}|(?:${HEX_GROUPS})?::(?:${HEX_GROUPS}|${IPV4})?)(?::${IPV4})?`
const IPV6_AUTHORITY = `(?:[${IUNRESERVED}%;:&=+$,]*@)?\\[${IPV6}\\](?::[0-9]*)?`
const HIERARCHY = `(?://${IPV6_AUTHORITY}(?:/${IPATH_CHARACTER}*)?|/${IPATH_CHARACTER}*)`
const QUERY = `(?:\\?${QUERY_CHARACTER}*)?`
const ANY_URI = [
  ESCAPES_ARE_WHOLE,
  '(?:',
  [
    `${SCHEME}:${HIERARCHY}${QUERY}`,
    // The rest of an opaque part after a question mark is not a query, but has the same characters.
    `${SCHEME}:[${IUNRESERVED}%;?:@&=+$,]${QUERY_CHARACTER}*`,
    `${HIERARCHY}${QUERY}`,
    `${ISEGMENT_CHARACTER}+(?:/${IPATH_CHARACTER}*)?${QUERY}`
  ].join('|'),
  ')?',
  `(?:#${BRACKETED_CHARACTER}*)?`
].join('')

// ---- RFC 7231, 3.1.1.1, "Media Type" (Part 1 says RFC 2046, and means this grammar)
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9a-zA-Z]+"
const QUOTED_TEXT = '[\\t !#-\\[\\]-~\\x80-\\xff]'
const QUOTED_PAIR = '\\\\[\\t !-~\\x80-\\xff]'
const QUOTED_STRING = `"(?:${QUOTED_TEXT}|${QUOTED_PAIR})*"`
const PARAMETER = `[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED_STRING})`
const CONTENT_TYPE = `${TOKEN}/${TOKEN}(?:${PARAMETER})*`

// ---- BCP 47 (RFC 5646), 2.1
const ALPHANUM = '[a-zA-Z0-9]'
const LANGUAGE = '(?:[a-zA-Z]{2,3}(?:-[a-zA-Z]{3}){0,3}|[a-zA-Z]{4,8})'
const SCRIPT = '(?:-[a-zA-Z]{4})?'
const REGION = '(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?'
// BCP 47 has unbounded repetitions. Real tags have few subtags; a limit of 64 of each sort bounds the stack.
const VARIANTS = `(?:-(?:${ALPHANUM}{5,8}|[0-9]${ALPHANUM}{3})){0,64}`
const EXTENSIONS = `(?:-[0-9A-WY-Za-wy-z](?:-${ALPHANUM}{2,8}){1,64}){0,64}`
const PRIVATE_USE = `[xX](?:-${ALPHANUM}{1,8}){1,64}`
// Registered tags that the grammar above does not cover.
const IRREGULAR = [
  'en-GB-oed',
  'i-ami',
  'i-bnn',
  'i-default',
  'i-enochian',
  'i-hak',
  'i-klingon',
  'i-lux',
  'i-mingo',
  'i-navajo',
  'i-pwn',
  'i-tao',
  'i-tay',
  'i-tsu',
  'sgn-BE-FR',
  'sgn-BE-NL',
  'sgn-CH-DE'
]
const REGULAR = ['art-lojban', 'cel-gaulish', 'no-bok', 'no-nyn', 'zh-guoyu', 'zh-hakka', 'zh-min-nan', 'zh-xiang']
const LANGUAGE_TAG = [
  `${LANGUAGE}${SCRIPT}${REGION}${VARIANTS}${EXTENSIONS}(?:-${PRIVATE_USE})?`,
  PRIVATE_USE,
  ...IRREGULAR,
  ...REGULAR
].join('|')

// ---- XML Schema part 2; datatypes.ts checks that the day exists in its month
const YEAR = '-?(?:[1-9][0-9]{3,}|0[0-9]{3})'
const DATE = `${YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])`
const TIME = '(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?|24:00:00(?:\\.0+)?)'
const DATE_TIME = `${DATE}T${TIME}(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?`
const DATE_TIME_UTC = `${DATE}T${TIME}(?:Z|[+-]00:00)`
const DAYS = '(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?'
const CLOCK = '(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\\.[0-9]+)?S)?)?'
const DURATION = `-?P(?=[0-9T])${DAYS}${CLOCK}`

// ---- XML 1.0, 2.2 [2] Char: characters that strings must not contain [AASd-130]
const CONTROL = '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]'
const LONE_HIGH_SURROGATE = '[\\ud800-\\udbff](?![\\udc00-\\udfff])'
const LONE_LOW_SURROGATE = '(?:^|[^\\ud800-\\udbff])[\\udc00-\\udfff]'
const NOT_XML = `${CONTROL}|${LONE_HIGH_SURROGATE}|${LONE_LOW_SURROGATE}`

/** Patterns by their names in metamodel.ts, in JSON Schema syntax. */
export const patterns = {
  /** [AASd-002] */
  idShort: '^[a-zA-Z][a-zA-Z0-9_-]*[a-zA-Z0-9_]$',
  version: '^(?:0|[1-9][0-9]*)$',
  contentType: `^${CONTENT_TYPE}$`,
  path: `^${PATH}$`,
  dateTime: `^${DATE_TIME}$`,
  dateTimeUtc: `^${DATE_TIME_UTC}$`,
  duration: `^${DURATION}$`,
  languageTag: `^(?:${LANGUAGE_TAG})$`,
  /** [AASd-130], for the strings that have no narrower pattern */
  xmlText: `^(?![\\s\\S]*?(?:${NOT_XML}))`
} as const

export type PatternName = keyof typeof patterns

/** Descriptions of matching texts, for messages. */
export const patternWords: Readonly<Record<PatternName, string>> = {
  idShort: 'at least two of letters, digits, "-" and "_", beginning with a letter and not ending in "-"',
  version: 'a number without leading zeros, like 1 or 12',
  contentType: 'a media type, like application/json or text/plain; charset=utf-8',
  path: 'a URI or relative path in ASCII, like file:///manual.pdf or /aasx/manual.pdf',
  dateTime: 'a date and time, like 2024-02-29T13:20:00+09:00',
  dateTimeUtc: 'a date and time in UTC, like 2024-02-29T13:20:00Z',
  duration: 'a duration, like P1DT2H30M',
  languageTag: 'a language tag of BCP 47, like en or de-CH',
  xmlText: 'text of characters that XML 1.0 can carry: no control characters, no halves of surrogate pairs'
}

/** Parts of which datatypes.ts composes xs:date, xs:time … */
export const lexical = { YEAR, DATE, TIME, DURATION, ANY_URI } as const
