/** The workloads of the benchmark by name: each is measured by itself with `--only NAME`. */
export const workloads = {
  get: 'GET a submodel',
  value: 'GET a value',
  'value-random': 'the same over 10,000 submodels',
  patch: 'PATCH a value',
  'patch-random': 'the same over 10,000 submodels',
  written: 'bytes on disk for one of these',
  large: 'PATCH a value of a large submodel',
  post: 'POST a submodel',
  put: 'PUT a submodel, with and without keeping what it was',
  history: 'what a submodel was before many later values',
  changes: 'a page of recent changes',
  signed: 'GET a signed submodel',
  i3x: 'values of 1,000 elements by i3X',
  'i3x-object': 'the same as one object',
  start: 'time to the first answer, and memory',
  page: 'a page of submodels',
  query: 'a query',
  registry: 'GET a descriptor',
  bulk: 'other requests during a bulk registration',
  validate: 'validation of a submodel',
  profile: 'the check of a package against a profile',
  revalidate: 'other requests during a revalidation',
  audit: 'writes with and without audit',
  'audit-reads': 'reads with and without audit',
  'access-get': 'GET a submodel under 1,000 rules',
  'access-value': 'GET a value where rules depend on data',
  'access-page': 'a page of which most is hidden',
  'access-columns': 'columnar frames by an API key',
  points: 'the list of collection points',
  counting: 'counting of samples for the collection plan',
  opcua: 'monitored items of an OPC UA server',
  modbus: 'registers of 50 Modbus units',
  'catch-up': 'a day of 1,000 series that waited beside the hub',
  compliance: 'the compliance report',
  mcp: 'the questions of the MCP evaluation; with --write also the table in docs/mcp.md',
  browser: 'the page in a browser: first view, chart, an open tab',
  'browser-chart': 'its chart of a year alone',
  'browser-open': 'its open tab alone',
  columns: 'columnar frames over WebSocket',
  ndjson: 'NDJSON rows over HTTP',
  single: 'single samples over WebSocket',
  fanout: 'frames to many subscribers',
  'fanout-rules': 'the same under rules',
  latency: 'time from sender to subscriber',
  slow: 'memory with slow subscribers',
  aggregate: 'windows of a long series',
  influxql: 'the same by InfluxQL',
  export: 'exports of a long series',
  parquet: 'Parquet of samples in memory',
  disk: 'bytes of history per sample',
  blocking: 'how long heavy requests hold the main thread',
  memory: 'memory at full ingest',
  day: 'a day of 10,000 series, an hour with --quick',
  cores: 'reads, pushes and exports on one core and two',
  lines: 'line protocol beside InfluxDB, with --peers',
  'lines-100': '100 series × 50 points of it',
  'lines-gzip': 'the same, gzip',
  'lines-1000': '1,000 series × 5 points',
  'lines-100000': '100,000 series × 1 point',
  rest: 'the REST API beside FA³ST Service, with --peers',
  'rest-get': 'GET a submodel of it',
  'rest-value': 'GET a value',
  'rest-put': 'PUT a property',
  'rest-post': 'POST a submodel',
  two: 'two hubs over one database, with --store mongodb'
} as const

export type WorkloadName = keyof typeof workloads

export function isWorkload(name: string): name is WorkloadName {
  return Object.hasOwn(workloads, name)
}

/** The sentence for a name that is none of them. */
export function unknownWorkload(name: string): string {
  return `There is no workload "${name}"; there are ${Object.keys(workloads).join(', ')}`
}
