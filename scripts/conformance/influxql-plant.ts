/** Machines and their samples, for readers of InfluxQL: the same points for InfluxDB and for the hub. */

/** Nanoseconds since 1970; 2026-11-24T03:00:00Z. */
export const START = 1_795_489_200_000_000_000n
const SECOND = 1_000_000_000n

/** With characters that are escaped in the line protocol and in queries. */
export const machines = [1, 2, 3].map((number) => ({
  shell: `https://plant.example/aas/press ${number}`,
  asset: `urn:asset:press,${number}`,
  submodels: [
    `https://plant.example/sm/${number}/operational?a=b`,
    `https://plant.example/sm/${number}/energy`
  ] as const
}))

const TYPES = {
  Speed: 'xs:double',
  Count: 'xs:long',
  State: 'xs:string',
  Running: 'xs:boolean',
  'Axis.Load': 'xs:double',
  Power: 'xs:double'
} as const

type FieldName = keyof typeof TYPES

interface Point {
  readonly machine: number
  readonly measurement: 'OperationalData' | 'Energy'
  readonly time: bigint
  readonly fields: Partial<Record<FieldName, number | string | boolean>>
}

/**
 * Irregular, with gaps, fields that are not always there, and a machine that has one less. No two points have the same time, as InfluxDB then
 * orders them at random.
 */
function* points(): Generator<Point> {
  for (const machine of [0, 1, 2]) {
    for (let i = 0; i < 400; i++) {
      // A gap in the middle.
      if (i > 150 && i < 200) continue
      const time = START + BigInt(i * 1500 + machine * 7) * 1_000_000n
      const value = ((i * 37 + machine * 11) % 101) / 4
      yield {
        ...{ machine, measurement: 'OperationalData', time },
        fields: {
          Speed: value,
          ...(i % 2 === 0 && { Count: (i * 7) % 50 }),
          ...(i % 5 === 0 && { State: ['run', 'stop', 'wait "a"'][i % 3] ?? '' }),
          ...(i % 3 === 0 && { Running: i % 2 === 0 }),
          ...(machine < 2 && i % 4 === 0 && { 'Axis.Load': value * 2 })
        }
      }
    }
    for (let i = 0; i < 30; i++) {
      yield {
        machine,
        measurement: 'Energy',
        time: START + BigInt(i) * 20n * SECOND + BigInt(machine),
        fields: { Power: 1000 + i * 3 + machine }
      }
    }
  }
}

/** @param isTagged with the tags that the hub has by itself */
export function lineProtocol(isTagged: boolean): string {
  const lines = Array.from(points(), ({ machine, measurement, time, fields }) => {
    const { shell, asset, submodels } = machines[machine] as (typeof machines)[number]
    const id = submodels[measurement === 'Energy' ? 1 : 0]
    const tags = isTagged ? { asset, shell, submodel: id } : { submodel: id }
    const written = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(name as FieldName, value)}`)
    const pairs = Object.entries(tags).map(([name, value]) => `${name}=${value.replace(/[,= ]/g, '\\$&')}`)
    return `${[measurement, ...pairs].join()} ${written.join()} ${time}`
  })
  return lines.join('\n')
}

function fieldText(name: FieldName, value: number | string | boolean): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return TYPES[name] === 'xs:long' ? `${value}i` : String(value)
}

/** Shells and submodels of the hub. */
export function documents(): { readonly shells: readonly object[]; readonly submodels: readonly object[] } {
  const property = (idShort: string, valueType: string) => ({ modelType: 'Property', idShort, valueType })
  const submodels = machines.flatMap(({ submodels: [operational, energy] }) => [
    {
      ...{ modelType: 'Submodel', id: operational, idShort: 'OperationalData' },
      submodelElements: [
        ...(['Speed', 'Count', 'State', 'Running'] as const).map((name) => property(name, TYPES[name])),
        { modelType: 'SubmodelElementCollection', idShort: 'Axis', value: [property('Load', 'xs:double')] }
      ]
    },
    { modelType: 'Submodel', id: energy, idShort: 'Energy', submodelElements: [property('Power', TYPES.Power)] }
  ])
  const shells = machines.map(({ shell, asset, submodels }) => ({
    ...{ modelType: 'AssetAdministrationShell', id: shell },
    assetInformation: { assetKind: 'Instance', globalAssetId: asset },
    submodels: submodels.map((value) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] }))
  }))
  return { shells, submodels }
}

/** Milliseconds since 1970, as Grafana writes times. */
const FROM = START / 1_000_000n
const TIME = `time >= ${FROM}ms and time <= ${FROM + 600_000n}ms`

const { shell: one } = machines[0] as (typeof machines)[number]
const { shell: two } = machines[1] as (typeof machines)[number]
const pattern = (text: string) => text.replace(/[/.?*+^$()[\]{}|\\]/g, '\\$&')

/** The forms of Grafana's query builder, of its variables and of its check, with these names. */
export const grafanaQueries: readonly string[] = [
  'SHOW measurements',
  'SHOW MEASUREMENTS LIMIT 100',
  'SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)energ/ LIMIT 100',
  `SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i)e/ WHERE "shell" = '${one}' LIMIT 100`,
  'SHOW FIELD KEYS FROM "OperationalData"',
  'SHOW FIELD KEYS',
  'SHOW FIELD KEYS FROM /^Ener/',
  'SHOW TAG KEYS',
  'SHOW TAG KEYS FROM "OperationalData"',
  `SHOW TAG KEYS FROM "OperationalData" WHERE "shell" = '${one}'`,
  'SHOW TAG VALUES WITH KEY = "shell"',
  'SHOW TAG VALUES FROM "OperationalData" WITH KEY = "shell"',
  `SHOW TAG VALUES FROM "OperationalData" WITH KEY = "asset" WHERE "shell" = '${two}'`,
  `SHOW TAG VALUES FROM "OperationalData" WITH KEY = "asset" WHERE "shell" =~ /^(${pattern(one)}|${pattern(two)})$/`,
  'SHOW TAG VALUES WITH KEY IN ("shell", "asset") LIMIT 2',
  'SHOW TAG VALUES WITH KEY =~ /s/',
  `SELECT mean("Speed") FROM "OperationalData" WHERE ${TIME} GROUP BY time(10s) fill(null)`,
  `SELECT mean("Speed") FROM "autogen"."OperationalData" WHERE ${TIME} GROUP BY time(10s), "shell"::tag fill(null)`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE ("shell"::tag = '${one}') AND ${TIME} GROUP BY time(20s) fill(null) ORDER BY time ASC`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE ("shell"::tag = '${one}' OR "shell"::tag = '${two}') AND ${TIME} GROUP BY time(20s), "shell"::tag, "asset"::tag fill(none)`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE ("shell"::tag =~ /^(${pattern(one)}|${pattern(two)})$/) AND ${TIME} GROUP BY time(7s) fill(previous)`,
  `SELECT mean("Speed"), max("Count"), count("State") FROM "OperationalData" WHERE ${TIME} GROUP BY time(5s) fill(null)`,
  `SELECT count("Count") AS "how many" FROM "OperationalData" WHERE ${TIME} GROUP BY time(1s) fill(0)`,
  `SELECT count("Count") FROM "OperationalData" WHERE ${TIME} GROUP BY time(1s)`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE "shell" = '${one}' AND ${TIME} GROUP BY time(1s) fill(linear)`,
  `SELECT sum("Count"), min("Count"), first("Count"), last("Count"), spread("Count"), stddev("Speed") FROM "OperationalData" WHERE ${TIME} GROUP BY time(30s), * fill(none)`,
  `SELECT median("Speed"), percentile("Speed", 95) FROM "OperationalData" WHERE ${TIME} GROUP BY time(30s) fill(none)`,
  `SELECT mode("State") FROM "OperationalData" WHERE ${TIME} GROUP BY time(4s), "shell" fill(none)`,
  `SELECT distinct("State") FROM "OperationalData" WHERE ${TIME} GROUP BY time(60s)`,
  `SELECT count(distinct("State")) FROM "OperationalData" WHERE ${TIME} GROUP BY time(60s)`,
  `SELECT last("State") FROM "OperationalData" WHERE ${TIME} GROUP BY time(10s), "shell" fill(none)`,
  `SELECT last("Running") FROM "OperationalData" WHERE ${TIME} GROUP BY time(10s), "shell" fill(none)`,
  `SELECT derivative(mean("Power"), 1s) FROM "Energy" WHERE ${TIME} GROUP BY time(40s), "shell" fill(null)`,
  `SELECT non_negative_derivative(max("Power")) FROM "Energy" WHERE ${TIME} GROUP BY time(1m)`,
  `SELECT difference(max("Count")) FROM "OperationalData" WHERE ${TIME} GROUP BY time(10s) fill(none)`,
  `SELECT moving_average(mean("Power"), 3) FROM "Energy" WHERE ${TIME} GROUP BY time(20s), "shell"`,
  `SELECT cumulative_sum(count("Power")) FROM "Energy" WHERE ${TIME} GROUP BY time(1m)`,
  `SELECT "Speed" FROM "OperationalData" WHERE ${TIME} LIMIT 20`,
  `SELECT "Speed", "Count" FROM "OperationalData" WHERE ("shell" = '${one}') AND ${TIME} ORDER BY time DESC LIMIT 7`,
  `SELECT * FROM "OperationalData" WHERE ${TIME} LIMIT 12`,
  `SELECT * FROM "OperationalData" WHERE ${TIME} GROUP BY * LIMIT 3`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE ${TIME} GROUP BY time(1h) tz('Asia/Seoul')`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE ${TIME} GROUP BY time(1m) ORDER BY time DESC limit 3 slimit 1`,
  `SELECT mean("Speed") FROM "OperationalData" WHERE ${TIME} GROUP BY time(1m), "shell" limit 2 slimit 1 soffset 1`,
  `SELECT mean(*) FROM "OperationalData" WHERE ${TIME} GROUP BY time(2m)`,
  `SELECT mean(/^S|^A/) FROM "OperationalData" WHERE ${TIME} GROUP BY time(2m)`
]

/** What else clients send. */
export const otherQueries: readonly string[] = [
  'SELECT count(Speed) FROM OperationalData',
  'SELECT * FROM Energy LIMIT 5 OFFSET 3',
  'SELECT last(Speed) FROM OperationalData',
  'SELECT last(Speed) FROM OperationalData GROUP BY shell',
  'SELECT first(State) FROM OperationalData GROUP BY shell',
  'SELECT max(Count) FROM OperationalData',
  'SELECT min("Axis.Load") FROM OperationalData GROUP BY "submodel"',
  'SELECT percentile(Power, 90) FROM Energy GROUP BY shell',
  'SELECT mean(Power), max(Power) FROM Energy',
  `SELECT mean(Power) FROM Energy WHERE time >= '2026-11-24T03:02:00Z' AND time < '2026-11-24 03:04:00'`,
  `SELECT Power FROM Energy WHERE time = '2026-11-24T03:02:00.000000001Z'`,
  `SELECT Power FROM Energy WHERE time > '2026-11-24T03:09:00Z' + 10s`,
  `SELECT Power, shell FROM Energy LIMIT 4`,
  `SELECT Power, absent FROM Energy LIMIT 4`,
  'SELECT absent FROM Energy',
  'SELECT mean(absent) FROM Energy GROUP BY shell',
  'SELECT Power FROM absent',
  'SELECT mean(Power) FROM Energy, OperationalData',
  'SELECT mean(/^[PS]/) FROM /^(Energy|Operat)/',
  `SELECT mean(Power) FROM Energy WHERE shell = 'absent'`,
  `SELECT mean(Power) FROM Energy WHERE shell != '${one}' GROUP BY shell`,
  `SELECT mean(Power) FROM Energy WHERE shell !~ /1$/ GROUP BY shell`,
  `SELECT mean(Power) FROM Energy WHERE (shell = '${one}' AND asset = 'x') OR shell =~ /2$/`,
  'SELECT derivative(Power, 1s) FROM Energy GROUP BY shell LIMIT 3',
  'SELECT difference(Count) FROM OperationalData GROUP BY shell LIMIT 5',
  'SELECT elapsed(Power, 1s) FROM Energy GROUP BY shell LIMIT 3',
  'SELECT cumulative_sum(Count) FROM OperationalData GROUP BY shell LIMIT 5',
  'SELECT moving_average(Power, 4) FROM Energy GROUP BY shell LIMIT 5',
  `SELECT mean(Power) FROM Energy WHERE time >= '2026-11-24T03:01:00Z' AND time < '2026-11-24T03:03:00Z' GROUP BY time(1m, 20s)`,
  `SELECT mean(Power) FROM Energy WHERE time >= '2026-11-20T00:00:00Z' AND time < '2026-11-28T00:00:00Z' GROUP BY time(1d) tz('Asia/Seoul')`,
  `SELECT mean(Power) FROM Energy WHERE time >= '2026-11-10T00:00:00Z' AND time < '2026-12-01T00:00:00Z' GROUP BY time(1w) fill(none)`,
  'SELECT count(Power) FROM Energy GROUP BY shell; SELECT first(Power) FROM Energy',
  'SELECT first(Power) AS a, last(Power) AS b FROM Energy',
  'SELECT mean(Power), mean(Power) FROM Energy',
  'SELECT distinct(Count) FROM OperationalData',
  `SELECT mean(Power) FROM Energy WHERE time < '2026-11-24T03:09:00Z' GROUP BY time(2m), shell fill(none)`,
  'SHOW SERIES',
  'SHOW SERIES FROM Energy LIMIT 2',
  'SHOW TAG VALUES FROM Energy WITH KEY != "shell"'
]
