/**
 * Asks the hub for everything that its own OpenAPI document describes, in valid and in broken ways, and fails on any
 * 5xx and on any answer that contradicts the document: status, content type or schema. Needs Python 3.
 *
 *   node scripts/conformance/fuzz.ts [seconds]
 */
import { fileURLToPath } from 'node:url'
import { MAX_WAIT_S } from '../../src/transports/events/endpoint.ts'
import { LINE_TYPES, NDJSON_TYPES } from '../../src/transports/ingest/media-types.ts'
import { FLUX } from '../../src/transports/timeseries/endpoint.ts'
import { plant } from '../demo/plant.ts'
import { withHub } from './hub.ts'
import { run, tool } from './python.ts'

const TOOL = 'schemathesis==4.32.5'
const SECONDS = Number(process.argv[2] ?? 120)
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance'

process.env.SCHEMATHESIS_HOOKS = fileURLToPath(new URL('texts.py', import.meta.url))
process.env.TEXT_TYPES = [...NDJSON_TYPES, ...LINE_TYPES, FLUX].join(' ')

const command = await tool(TOOL, 'st')
await withHub(async (url, api) => {
  // What the examples in the document speak of.
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${api}/upload`, { method: 'POST', headers, body: JSON.stringify(plant()) })
  if (status !== 201) throw new Error(`The plant was refused: ${status}`)
  const { code, output } = await run(command, [
    'run',
    `${url}/openapi.json`,
    ...['--checks', CHECKS, '--phases', 'examples,coverage,fuzzing', '--continue-on-failure'],
    ...['--max-examples', '3', '--max-time', String(SECONDS), '--seed', '7'],
    // Queries of InfluxDB are refused with the status 501, which its clients read, and which is no fault.
    ...['--exclude-path', '/api/v2/query'],
    ...['--suppress-health-check', 'all', '--warnings', 'off'],
    // A page of events may be asked to wait for its first.
    ...['--request-timeout', String(MAX_WAIT_S + 10)]
  ])
  console.log(output.trim())
  const [, generated = '0', passed = '0'] = /(\d+) generated, (\d+) passed/.exec(output) ?? []
  // A run that generated nothing proves nothing.
  const failed = Number(generated) - Number(passed) + (code !== 0 && generated === passed ? 1 : 0)
  console.log(`${passed} passed, ${generated === '0' ? 1 : failed} failed`)
  process.exitCode = failed > 0 || generated === '0' ? 1 : 0
})
