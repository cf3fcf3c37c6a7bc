import fc from 'fast-check'
import t from 'tap'
import { describe, isBoolean, isLexical, isNumeric } from '../../src/model/datatypes.ts'
import { enumerations } from '../../src/model/metamodel.ts'
import type { DataTypeDefXsd } from '../../src/model/types.ts'

/** Valid and invalid values, each separated by `|`. */
const samples: Readonly<Record<DataTypeDefXsd, readonly [values: string, others: string]>> = {
  'xs:anyURI': [
    '|a|1234|/a/b|../a?b#c|urn:x:y|mailto:a@b.c|https://u:p@h.example:8080/a;b/c?d=e[1]#f|//[::1]:80/x|http://[1:2::3:1.2.3.4]|http://[::1.2.3.4]/|A://|/?|é|https://plant.example/설비/사출기.pdf?상태=값#도면|mailto:김@예.한국|//예.한국/a|😀|/?\ue000|urn:설비:1',
    'a b|%4|%zz|a#b#c|<a>|`|http://[::g]/|http://[]/|{x}|:a|설비 1|a\u0083|\ue000|\u{10c11}\u{10ffff}|설비#a#b|%설비|설:비'
  ],
  'xs:base64Binary': ['|AAAA|QQ==|QUI=|A A A A|0 FB8 0F+9', 'A|AA|AAA|AAA==|=AAA|QR==|QUJ=| AAAA|AAAA |AA  AA|ä'],
  'xs:boolean': ['true|false|1|0', '|TRUE|True|00|yes| true'],
  'xs:byte': ['-128|127|+1|-0|0000127', '-129|128||1.0|1e1|٣'],
  'xs:date': [
    '2024-02-29|2000-02-29|2024-12-31Z|2024-01-01+14:00|-0001-02-29|-0005-02-29|12024-02-29|0001-01-01-13:59',
    '2023-02-29|1900-02-29|2024-04-31|2024-13-01|2024-00-01|2024-01-00|0000-01-01|-0004-02-29|24-01-01|02024-01-01|2024-01-01+14:01|2024-01-01+15:00|2024-1-1|2024-01-01T00:00:00|+2024-01-01'
  ],
  'xs:dateTime': [
    '2024-02-29T23:59:59|2024-02-29T00:00:00.123456789Z|2024-02-29T24:00:00|2024-02-29T24:00:00.000-14:00',
    '2024-02-29|2024-02-29T24:00:01|2024-02-29T25:00:00|2024-02-29T00:60:00|2024-02-29T00:00:60|2024-02-29T00:00|2023-02-29T00:00:00|2024-02-29 00:00:00|2024-02-29T00:00:00.|2024-02-29T00:00:00z'
  ],
  'xs:decimal': ['0|-1.5|+.5|3.|001.100', '|.|+|1e3|1,5|INF|NaN|0x1'],
  'xs:double': ['0|-1.5e3|.5E-3|1e308|1e-400|INF|-INF|NaN|-0|3.', '|+INF|inf|nan|1e309|-1e309|e3|1e|1e1.5|1 '],
  'xs:duration': [
    'P1Y|-P1Y2M3DT4H5M6.7S|PT0S|P0D|PT1M|P99999999999Y|P1YT1S',
    '|P|PT|1Y|P1S|P1M1Y|P-1Y|PT1.S|P1Y1|P1W|-1Y|p1y|P1DT'
  ],
  'xs:float': ['3.4e38|-3.4e38|1e-50|16777217|INF|NaN|0', '3.5e38|-1e39|+INF|1e|'],
  'xs:gDay': ['---01|---31|---09Z|---10-14:00', '---00|---32|--01|01|---1|---01+15:00'],
  'xs:gMonth': ['--01|--12|--12+02:00', '--00|--13|-01|--1|--01--'],
  'xs:gMonthDay': ['--02-29|--12-31|--01-01Z', '--02-30|--04-31|--13-01|-02-29|--2-29'],
  'xs:gYear': ['2024|-0044|12024|0001Z', '24|0000|-0000|02024|2024-01|+2024'],
  'xs:gYearMonth': ['2024-02|-0044-03Z|12024-12', '2024-13|2024-00|0000-01|24-01|2024'],
  'xs:hexBinary': ['|0F|0fB7', '0|0g|0F B|xFF'],
  'xs:int': ['-2147483648|2147483647|+7|0000000000000000000001', '-2147483649|2147483648|1.0||-'],
  'xs:integer': ['0|-1|+123456789012345678901234567890', '|1.0|1e3|--1|+'],
  'xs:long': [
    '-9223372036854775808|9223372036854775807|+0009223372036854775807',
    '-9223372036854775809|9223372036854775808|10000000000000000000'
  ],
  'xs:negativeInteger': ['-1|-001|-99999999999999999999', '0|-0|1|+1|'],
  'xs:nonNegativeInteger': ['0|-0|+1|99999999999999999999', '-1|-99999999999999999999|'],
  'xs:nonPositiveInteger': ['0|+0|-1|-99999999999999999999', '1|99999999999999999999|'],
  'xs:positiveInteger': ['1|+001|99999999999999999999', '0|-0|-1|000|00000000000000000000'],
  'xs:short': ['-32768|32767', '-32769|32768|1.5'],
  'xs:string': ['|anything| 1 |\n', ''],
  'xs:time': [
    '00:00:00|23:59:59.999Z|24:00:00|13:20:00-05:00',
    '24:00:01|25:00:00|13:60:00|13:20:60|13:20|1:20:00|13:20:00+14:30|-13:20:00'
  ],
  'xs:unsignedByte': ['0|255|-0|+255', '256|-1|'],
  'xs:unsignedInt': ['0|4294967295', '4294967296|-1'],
  'xs:unsignedLong': [
    '0|18446744073709551615|-0000000000000000000000',
    '18446744073709551616|-1|-00000000000000000000001'
  ],
  'xs:unsignedShort': ['0|65535', '65536|-1']
}

t.test('large base64 is judged as small is', async (t) => {
  const many = 'AAAA'.repeat(2000)
  for (const end of ['', 'QQ==', 'QUI=']) t.ok(isLexical('xs:base64Binary', many + end), end)
  for (const end of ['A', 'AA', 'AA==AAAA', 'A===', '=AAA', 'QR==', 'QUJ=', 'AA-_', 'AAA\n', 'ää==', '\0AAA'])
    t.notOk(isLexical('xs:base64Binary', many + end), JSON.stringify(end))
})

for (const type of enumerations.DataTypeDefXsd) {
  t.test(`${type} takes its values and nothing else`, async (t) => {
    const [values, others] = samples[type]
    for (const text of values.split('|')) t.ok(isLexical(type, text), JSON.stringify(text))
    if (type === 'xs:string') return
    for (const text of others.split('|')) t.notOk(isLexical(type, text), JSON.stringify(text))
  })

  t.test(`the words for ${type} give an example or bounds that hold`, async (t) => {
    const example = / like (\S+?),?(?: or .*)?$/.exec(describe(type))?.[1]
    if (example !== undefined) t.ok(isLexical(type, example), `${describe(type)}: ${example}`)
    else t.match(describe(type), /^(any text|true, false, 1 or 0|a whole number, at|a whole number from)/)
  })
}

t.test('the numeric types are the ones that JSON has numbers for', async (t) => {
  const others = ['anyURI', 'base64Binary', 'boolean', 'date', 'dateTime', 'duration', 'gDay', 'gMonth', 'gMonthDay']
  const more = ['gYear', 'gYearMonth', 'hexBinary', 'string', 'time']
  for (const type of enumerations.DataTypeDefXsd) {
    t.equal(isNumeric(type), ![...others, ...more].includes(type.slice(3)), type)
    t.equal(isBoolean(type), type === 'xs:boolean', type)
  }
})

t.test('bounded integers are accepted within the bounds', async () => {
  const bounds: [DataTypeDefXsd, bigint, bigint][] = [
    ['xs:byte', -(2n ** 7n), 2n ** 7n - 1n],
    ['xs:int', -(2n ** 31n), 2n ** 31n - 1n],
    ['xs:long', -(2n ** 63n), 2n ** 63n - 1n],
    ['xs:unsignedLong', 0n, 2n ** 64n - 1n],
    ['xs:unsignedInt', 0n, 2n ** 32n - 1n]
  ]
  const near = (bound: bigint) => fc.bigInt(bound - 3n, bound + 3n)
  for (const [type, low, high] of bounds) {
    fc.assert(
      fc.property(fc.oneof(near(low), near(high), fc.bigInt()), fc.nat(30), (value, zeros) => {
        const text = `${value < 0n ? '-' : ''}${'0'.repeat(zeros)}${value < 0n ? -value : value}`
        return isLexical(type, text) === (value >= low && value <= high)
      })
    )
  }
})

t.test('every date that JavaScript writes is a date, and the day after a month is none', async () => {
  fc.assert(
    fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      const text = date.toISOString()
      const month = text.slice(0, 8)
      const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
      return (
        isLexical('xs:dateTime', text) &&
        // Date.UTC reads years below 100 as 19xx
        (date.getUTCFullYear() < 100 ||
          (isLexical('xs:date', `${month}${days}`) && !isLexical('xs:date', `${month}${days + 1}`)))
      )
    })
  )
})

t.test('a hostile text of a million characters is judged at once, for every type', async (t) => {
  const size = 1_000_000
  const slow: string[] = []
  const texts = ['1', '%22', 'A', 'a:', '=', '-', '1M', ' A', '[', '\ud83d'].map((part) =>
    part.repeat(size / part.length)
  )
  for (const type of enumerations.DataTypeDefXsd) {
    for (const text of texts) {
      for (const hostile of [text, `${text}!`, `P${text}`, `http://[${text}`]) {
        const start = process.threadCpuUsage()
        isLexical(type, hostile)
        const took = process.threadCpuUsage(start).user / 1000
        if (took > 200) slow.push(`${type} took ${took} ms for ${hostile.slice(0, 10)}…`)
      }
    }
  }
  t.same(slow, [])
})
