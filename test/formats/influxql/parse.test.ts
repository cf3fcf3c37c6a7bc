import t from 'tap'
import { HubError } from '../../../src/errors.ts'
import { parseInfluxQl } from '../../../src/formats/influxql/parse.ts'

const NOW = 1_000_000_000_000_000_000n
const HOUR = 3_600_000_000_000n
const parse = (text: string, bound: Record<string, unknown> = {}) => parseInfluxQl(text, { now: NOW, bound })
const one = (text: string, bound?: Record<string, unknown>) => parse(text, bound)[0]
const messageOf = (text: string) => {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof HubError) return `${error.status} ${error.message}`
    throw error
  }
  return 'accepted'
}

t.test('the form of the query builder of Grafana is parsed', async (t) => {
  const text =
    'SELECT mean("Speed") AS "v" FROM "autogen"."Press" WHERE ("shell"::tag = \'a\' OR "asset" =~ /^b\\/c$/) AND time >= 10ms and time <= 20ms GROUP BY time(1m30s, -10s), "shell"::tag fill(previous) ORDER BY time DESC limit 3 slimit 2 tz(\'Asia/Seoul\')'
  t.strictSame(one(text), {
    is: 'select',
    fields: [
      { expression: { is: 'call', name: 'mean', argument: { is: 'name', name: 'Speed' }, options: [] }, alias: 'v' }
    ],
    from: [{ name: 'Press' }],
    where: {
      is: 'or',
      left: { is: 'tag', key: 'shell', value: { name: 'a' } },
      right: { is: 'tag', key: 'asset', value: { pattern: '^b/c$' } }
    },
    groupBy: {
      tags: [{ name: 'shell' }],
      allTags: false,
      interval: { width: 90_000_000_000n, offset: -10_000_000_000n }
    },
    fill: 'previous',
    descending: true,
    limits: { offset: 0, limit: 3 },
    seriesLimits: { offset: 0, limit: 2 },
    zone: 'Asia/Seoul',
    after: 10_000_000n,
    until: 20_000_000n
  })
})

t.test('times are absolute, relative to now, or local to the time zone', async (t) => {
  const bounds = (where: string, zone = '') => {
    const { after, until } = one(`SELECT a FROM m WHERE ${where} ${zone}`) as { after?: bigint; until?: bigint }
    return [after, until]
  }
  t.strictSame(bounds('time > now() - 1h'), [NOW - HOUR + 1n, undefined])
  t.strictSame(bounds('time < now() + 1h and time >= now() - 1h - 1h'), [NOW - 2n * HOUR, NOW + HOUR - 1n])
  t.strictSame(bounds("time >= '1970-01-01T00:00:01Z'"), [1_000_000_000n, undefined])
  t.strictSame(bounds("time = '1970-01-01T01:00:00+01:00' + 5ns"), [5n, 5n])
  t.strictSame(bounds("time >= '1970-01-01 09:00:00'", "tz('Asia/Seoul')"), [0n, undefined])
  t.strictSame(bounds("time >= '1970-01-02' AND (time < 99)"), [24n * HOUR, 98n])
  t.strictSame(bounds('time >= 5 AND time >= 7 AND time <= 9 AND time <= -8'), [7n, -8n])
  t.strictSame(bounds('time >= 99999w'), [2n ** 63n - 1n, undefined], 'beyond what can be represented is the end of it')
})

t.test(
  'names, texts and expressions are read with their escapes, values from params, and without comments',
  async (t) => {
    t.match(one('SELECT "a\\"b" FROM /a\\/b\\.c/ -- all of it'), {
      fields: [{ expression: { name: 'a"b' } }],
      from: [{ pattern: 'a/b\\.c' }]
    })
    t.match(one("SELECT a /* one */ FROM db..m WHERE shell = 'it\\'s'"), {
      from: [{ name: 'm' }],
      where: { value: { name: "it's" } }
    })
    t.match(one('SELECT Axis.Load FROM m WHERE shell = $shell', { shell: "x' OR 'y" }), {
      fields: [{ expression: { name: 'Axis.Load' } }],
      where: { is: 'tag', value: { name: "x' OR 'y" } }
    })
    t.match(one('SELECT DISTINCT State FROM m'), { fields: [{ expression: { is: 'call', name: 'distinct' } }] })
    t.match(one('SHOW TAG VALUES FROM m WITH KEY IN ("a", b) WHERE shell != \'c\' LIMIT 2 OFFSET 1'), {
      is: 'tag values',
      keys: [{ name: 'a' }, { name: 'b' }],
      where: { value: { name: 'c', negated: true } },
      limits: { limit: 2, offset: 1 }
    })
    t.match(parse(';SHOW DATABASES;CREATE DATABASE "x" WITH DURATION 1d; show retention policies on x;'), [
      { is: 'databases' },
      { is: 'created' },
      { is: 'retention policies' }
    ])
  }
)

t.test('what is left out is refused by name, and what is wrong with its place', async (t) => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['SELECT mean(a) / 100 FROM m', /^400 Math in SELECT/],
    ['SELECT 2 * a FROM m', /^400 Math in SELECT/],
    ['SELECT (a) FROM m', /^400 Math in SELECT/],
    ['SELECT mean(a + b) FROM m', /^400 Math in SELECT/],
    ['SELECT mean(a) FROM (SELECT a FROM m)', /^400 SELECT from a subquery/],
    ['SELECT a INTO b FROM m', /^400 SELECT INTO/],
    ['SELECT a FROM m WHERE a > 5', /^400 The condition on "a"/],
    ['SELECT a FROM m WHERE a > -5', /^400 The condition on "a"/],
    ['SELECT a FROM m WHERE "a"::field = \'x\'', /^400 The condition on "a"/],
    ['SELECT a FROM m WHERE a = true', /^400 The condition on "a"/],
    ["SELECT a FROM m WHERE shell > 'x'", /^400 The condition on "shell"/],
    ["SELECT a FROM m WHERE time > 5 OR shell = 'x'", /^400 Bounds of time/],
    ["SELECT a FROM m WHERE shell = 'x' OR (shell = 'y' AND time > 5)", /^400 Bounds of time/],
    ["SELECT a FROM m WHERE time > 'yesterday'", /^400 A time is written/],
    ['SELECT a FROM m ORDER BY a', /^400 ORDER BY "a"/],
    ["SELECT a FROM m tz('Nowhere')", /^400 tz\(\)/],
    ['SELECT a FROM m GROUP BY a::field', /^400 "a" is a field/],
    ['DROP SERIES FROM m', /^400 DROP is not answered/],
    ['DELETE FROM m', /^400 DELETE is not answered/],
    ['EXPLAIN SELECT a FROM m', /^400 EXPLAIN is not answered/],
    ['SHOW SHARDS', /^400 SHOW SHARDS is not answered/],
    ['SHOW SERIES CARDINALITY', /^400 SHOW CARDINALITY/],
    ['SELECT', /^400 error parsing query: expected a field or a function, found the end at line 1, char 7/],
    ['SELECT a\nFORM m', /found "FORM" at line 2, char 1/],
    ['SELECT a FROM m GROUP BY time(5)', /expected a duration such as 10s in time\(\), found "5" at line 1, char 31/],
    ['SELECT a FROM m LIMIT x', /expected a whole number after LIMIT/],
    ['SELECT a FROM m fill(5) fill', /expected ";" or the end/],
    ["SELECT a FROM m WHERE shell = 'C:\\x'", /"\\x" is no escape/],
    ['SELECT "a FROM m', /no closing "/],
    ['SELECT a FROM /m', /no closing slash/],
    ['SELECT a FROM m WHERE shell = $x', /"params" has no text, number or boolean "x"/],
    ['', /missing required parameter "q"/],
    [`SELECT a FROM m WHERE ${'('.repeat(5000)}shell = 'x'`, /^400 The WHERE clause is too long/],
    [`SELECT ${'mean('.repeat(50)}a`, /^400 Functions lie at most three deep/],
    ['SHOW DATABASES;'.repeat(101), /^400 A query has at most 100 statements/],
    [`SELECT a FROM m WHERE shell = '${'x'.repeat(70_000)}'`, /^400 A query has at most/]
  ]
  for (const [text, message] of refused) t.match(messageOf(text), message, text.slice(0, 80))
})
