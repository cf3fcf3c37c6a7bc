/**
 * Reads the output of `/timeseries` with common data tools: DuckDB, Apache Arrow's library, Polars, pandas, and a
 * spreadsheet (LibreOffice Calc, whose file openpyxl reads). Values, times to the nanosecond, absent values, units,
 * qualities, time zones and integers beyond 64 bits must equal the pushed data. Needs Python 3.
 *
 *   node scripts/conformance/tables.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withHub } from './hub.ts'
import { run, tool } from './python.ts'
import { toSpreadsheet } from './spreadsheet.ts'

const DUCKDB = 'duckdb==1.5.4'
const PYARROW = 'pyarrow==25.0.1'
const FRAMES = 'polars==2.1.0 pandas==3.1.1 openpyxl==3.1.5'

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

/** A few values of every column type. */
const kinds = {
  modelType: 'Submodel',
  id: 'urn:kinds',
  submodelElements: [
    { modelType: 'Property', idShort: 'Long', valueType: 'xs:long' },
    { modelType: 'Property', idShort: 'Huge', valueType: 'xs:unsignedLong' },
    { modelType: 'Property', idShort: 'Exact', valueType: 'xs:decimal' },
    { modelType: 'Property', idShort: 'Flag', valueType: 'xs:boolean' },
    { modelType: 'Property', idShort: 'Note', valueType: 'xs:string' }
  ]
}
const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  Long: ['9223372036854775807', '-9223372036854775808'],
  Huge: ['18446744073709551615', '7'],
  Exact: ['3.14159265358979323846', '0.1'],
  Flag: ['true', 'false'],
  Note: ['가동, "빠름"\n둘째 줄', '']
}
const KINDS_START = Date.parse('2026-11-24T03:00:00.123Z')

/** Prints a line per check: `ok` or the error. */
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

const WANTED = `
wanted = {
    "Long": [9223372036854775807, -9223372036854775808],
    "Huge": ["18446744073709551615", "7"],
    "Exact": ["3.14159265358979323846", "0.1"],
    "Flag": [True, False],
    "Note": ["가동, \\"빠름\\"\\n둘째 줄", ""],
}
`

const kindsDuckdb = `${CHECKS}${WANTED}
import duckdb, sys
folder = sys.argv[1]
for name, values in wanted.items():
    found = [row[0] for row in duckdb.sql(f"SELECT {name} FROM read_parquet('{folder}/k.parquet')").fetchall()]
    check("DuckDB, Parquet: " + name, found, values)
qualities = duckdb.sql(f"SELECT DISTINCT \\"Long.quality\\" FROM read_parquet('{folder}/q.parquet') ORDER BY 1 NULLS FIRST").fetchall()
check("DuckDB, Parquet: qualities", qualities, [(None,), ("uncertain",)])
days = duckdb.sql(f"SELECT \\"Count.sum\\" FROM read_parquet('{folder}/d.parquet')").fetchall()
check("DuckDB, Parquet: days of Seoul sum up to the whole", sum(day[0] for day in days), ${(ROWS * (ROWS - 1)) / 2})
`

const kindsArrow = `${CHECKS}${WANTED}
import pyarrow as pa, pyarrow.ipc, pyarrow.parquet, sys
folder = sys.argv[1]
arrow = pa.ipc.open_stream(open(f"{folder}/k.arrows", "rb")).read_all()
parquet = pa.parquet.read_table(f"{folder}/k.parquet")
for kind, table in (("Arrow", arrow), ("Parquet", parquet)):
    for name, values in wanted.items():
        check(f"pyarrow, {kind}: {name}", table[name].to_pylist(), values)
check("pyarrow, Arrow: the time zone", str(arrow.schema.field("time").type), "timestamp[ns, tz=Asia/Seoul]")
check("pyarrow, Arrow: value types", arrow.schema.field("Huge").metadata[b"valueType"], b"xs:unsignedLong")
check("pyarrow, Parquet: value types", parquet.schema.metadata[b"Huge.valueType"], b"xs:unsignedLong")
`

const frames = `${CHECKS}${WANTED}
import datetime, sys
import pandas as pd, polars as pl, openpyxl
folder = sys.argv[1]
for kind, table in (("Arrow", pl.read_ipc_stream(f"{folder}/k.arrows")), ("Parquet", pl.read_parquet(f"{folder}/k.parquet"))):
    for name, values in wanted.items():
        check(f"Polars, {kind}: {name}", table[name].to_list(), values)
check("Polars, Arrow: the time zone", pl.read_ipc_stream(f"{folder}/k.arrows")["time"].dtype.time_zone, "Asia/Seoul")
csv = pl.read_csv(f"{folder}/t.csv", try_parse_dates=True)
check("Polars, CSV: rows and sums", (csv.height, csv["Count"].sum(), csv["State"].null_count()), (${ROWS}, ${(ROWS * (ROWS - 1)) / 2}, ${ROWS / 2}))
sheet = pd.read_csv(f"{folder}/k.csv", parse_dates=["time"], encoding="utf-8-sig", dtype={"Huge": str, "Exact": str})
check("pandas, CSV for spreadsheets: times", str(sheet["time"].dtype).startswith("datetime64"), True)
# A spreadsheet reads the times of its form as times, in local time.
rows = list(openpyxl.load_workbook(f"{folder}/k.xlsx").active.iter_rows(values_only=True))
check("Calc: columns", list(rows[0]), ["time", "Long", "Huge", "Exact", "Flag", "Note"])
first = datetime.datetime(2026, 11, 24, 12, 0, 0, 123000)
check("Calc: local times", [row[0] for row in rows[1:]], [first, first + datetime.timedelta(seconds=2)])
check("Calc: texts", rows[1][5], wanted["Note"][0])
check("Calc: what no number of a spreadsheet holds", rows[1][2:4], ("18446744073709551615", "3.14159265358979323846"))
check("Calc: booleans", [row[4] for row in rows[1:]], wanted["Flag"])
`

const python = {
  duckdb: await tool(DUCKDB, 'python'),
  pyarrow: await tool(PYARROW, 'python'),
  frames: await tool(FRAMES, 'python')
}
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
    await send(`${api}/submodels`, kinds)
    const samples = Object.entries(VALUES).flatMap(([path, values]) =>
      values.map((value, i) => ({
        submodel: 'urn:kinds',
        path,
        time: KINDS_START + 2000 * i,
        value,
        ...(i === 1 && { quality: 'uncertain' })
      }))
    )
    await send(`${url}/ingest`, samples)
    const all = Object.keys(VALUES)
      .map((path) => `&path=${path}`)
      .join('')
    for (const [file, query] of [
      ['t.parquet', 'submodel=urn:tables&format=parquet'],
      ['t.arrows', 'submodel=urn:tables&format=arrow'],
      ['t.csv', 'submodel=urn:tables&format=csv'],
      ['k.parquet', `submodel=urn:kinds${all}&format=parquet`],
      ['k.arrows', `submodel=urn:kinds${all}&format=arrow&timezone=Asia/Seoul`],
      ['k.csv', `submodel=urn:kinds${all}&format=csv&timezone=Asia/Seoul&timeFormat=excel`],
      ['q.parquet', `submodel=urn:kinds${all}&format=parquet&quality=true`],
      ['d.parquet', 'submodel=urn:tables&path=Count&format=parquet&interval=1d&timezone=Asia/Seoul&aggregate=sum']
    ] as const) {
      const answer = await fetch(`${url}/timeseries?${query}`)
      if (!answer.ok) throw new Error(await answer.text())
      writeFileSync(join(folder, file), Buffer.from(await answer.arrayBuffer()))
    }
    toSpreadsheet(folder, 'k.csv')
    for (const [name, script] of [
      ['duckdb', duckdb],
      ['duckdb', kindsDuckdb],
      ['pyarrow', pyarrow],
      ['pyarrow', kindsArrow],
      ['frames', frames]
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
