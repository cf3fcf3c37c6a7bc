/**
 * Sends valid and invalid requests for all operations of the hub's OpenAPI document, and fails on any 5xx and on any
 * response that contradicts the document: status, content type or schema. Needs Python 3.
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
  // The data of the examples in the document.
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${api}/upload`, { method: 'POST', headers, body: JSON.stringify(plant()) })
  if (status !== 201) throw new Error(`The plant was refused: ${status}`)
  const { code, output } = await run(command, [
    'run',
    `${url}/openapi.json`,
    ...['--checks', CHECKS, '--phases', 'examples,coverage,fuzzing', '--continue-on-failure'],
    ...['--max-examples', '3', '--max-time', String(SECONDS), '--seed', '7'],
    // 501 is the expected response to InfluxDB queries.
    ...['--exclude-path', '/api/v2/query'],
    ...['--suppress-health-check', 'all', '--warnings', 'off'],
    // A request for events may wait for the first one.
    ...['--request-timeout', String(MAX_WAIT_S + 10)]
  ])
  console.log(output.trim())
  const [, generated = '0', passed = '0'] = /(\d+) generated, (\d+) passed/.exec(output) ?? []
  // A run without generated cases proves nothing.
  const failed = Number(generated) - Number(passed) + (code !== 0 && generated === passed ? 1 : 0)
  console.log(`${passed} passed, ${generated === '0' ? 1 : failed} failed`)
  process.exitCode = failed > 0 || generated === '0' ? 1 : 0
})
