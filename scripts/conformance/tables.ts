/**
 * Reads what `/timeseries` gives with the tools that people train with: DuckDB and Apache Arrow's own library. Values,
 * times to the nanosecond, what is absent, and units must be what was pushed. Needs Python 3.
 *
 *   node scripts/conformance/tables.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withHub } from './hub.ts'
import { run, tool } from './python.ts'

const DUCKDB = 'duckdb==1.5.4'
const PYARROW = 'pyarrow==25.0.1'

const ROWS = 20_000
const START = 1_764_000_000_000_000_001n

const submodel = {
  modelType: 'Submodel',
  id: 'urn:tables',
  submodelElements: [
    { modelType: 'Property', idShort: 'Speed', valueType: 'xs:double' },
    { modelType: 'Property', idShort: 'Count', valueType: 'xs:long' },
    { modelType: 'Property', idShort: 'State', valueType: 'xs:string' }
  ]
}

/** Prints `ok` or what is wrong, a line for each check. */
const CHECKS = `
def check(name, found, wanted):
    print(("ok " if found == wanted else "wrong ") + name + ("" if found == wanted else f": {found} is not {wanted}"))
`

const duckdb = `${CHECKS}
import duckdb, sys
folder = sys.argv[1]
for kind, table in (("parquet", f"read_parquet('{folder}/t.parquet')"), ("csv", f"read_csv('{folder}/t.csv')")):
    row = duckdb.sql(f"SELECT count(*), count(Speed), count(State), sum(Count)::HUGEINT, min(Speed), max(Speed) FROM {table}").fetchone()
    check(kind + ": counts and sums", row, (${ROWS}, ${ROWS}, ${ROWS / 2}, ${(ROWS * (ROWS - 1)) / 2}, 0.0, ${(ROWS - 1) / 4}))
    texts = duckdb.sql(f"SELECT DISTINCT State FROM {table} WHERE State IS NOT NULL ORDER BY 1").fetchall()
    check(kind + ": texts", texts, [("가동, \\"빠름\\"",)])
# DuckDB knows times of a zone to the microsecond only; Arrow's library is asked for the rest.
times = duckdb.sql(f"SELECT epoch_us(min(time)), epoch_us(max(time)) FROM read_parquet('{folder}/t.parquet')").fetchone()
check("parquet: times", times, (${START / 1000n}, ${(START + BigInt(ROWS - 1) * 1_000_000_000n) / 1000n}))
`

const pyarrow = `${CHECKS}
import pyarrow as pa, pyarrow.ipc, pyarrow.parquet, sys
folder = sys.argv[1]
arrow = pa.ipc.open_stream(open(f"{folder}/t.arrows", "rb")).read_all()
parquet = pa.parquet.read_table(f"{folder}/t.parquet")
for kind, table in (("arrow", arrow), ("parquet", parquet)):
    check(kind + ": rows", table.num_rows, ${ROWS})
    check(kind + ": type of the time", str(table.schema.field("time").type), "timestamp[ns, tz=UTC]")
    check(kind + ": first time", table["time"].cast(pa.int64())[0].as_py(), ${START})
    check(kind + ": values", table["Speed"][7].as_py(), 1.75)
    check(kind + ": whole numbers", table["Count"][7].as_py(), 7)
    check(kind + ": what is absent", table["State"].null_count, ${ROWS / 2})
check("both hold the same", arrow.column("Speed").to_pylist(), parquet.column("Speed").to_pylist())
`

const python = { duckdb: await tool(DUCKDB, 'python'), pyarrow: await tool(PYARROW, 'python') }
const folder = mkdtempSync(join(tmpdir(), 'aas-hub-tables-'))
try {
  let [passed, failed] = [0, 0]
  await withHub(async (url, api) => {
    await send(`${api}/submodels`, submodel)
    const times = Array.from({ length: ROWS }, (_, i) => String(START + BigInt(i) * 1_000_000_000n))
    const column = (path: string, values: unknown[], at = times) => ({
      submodel: 'urn:tables',
      path,
      unit: 'ns',
      times: at,
      values
    })
    await send(`${url}/ingest`, [
      column(
        'Speed',
        times.map((_, i) => i / 4)
      ),
      column(
        'Count',
        times.map((_, i) => i)
      ),
      column(
        'State',
        new Array(ROWS / 2).fill('가동, "빠름"'),
        times.filter((_, i) => i % 2 === 0)
      )
    ])
    for (const [format, extension] of [
      ['parquet', 'parquet'],
      ['arrow', 'arrows'],
      ['csv', 'csv']
    ]) {
      const answer = await fetch(`${url}/timeseries?submodel=urn:tables&format=${format}`)
      writeFileSync(join(folder, `t.${extension}`), Buffer.from(await answer.arrayBuffer()))
    }
    for (const [name, script] of [
      ['duckdb', duckdb],
      ['pyarrow', pyarrow]
    ] as const) {
      const { code, output } = await run(python[name], ['-c', script, folder])
      console.log(output.trim())
      const lines = output.split('\n')
      passed += lines.filter((line) => line.startsWith('ok ')).length
      failed += lines.filter((line) => line.startsWith('wrong ')).length + (code === 0 ? 0 : 1)
    }
  })
  console.log(`${passed} passed, ${passed === 0 ? 1 : failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function send(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
}
