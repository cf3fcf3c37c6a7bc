/** `/ingest` and InfluxDB's addresses as the OpenAPI document tells of them, with the names that ingest.ts reads. */
import { timeUnits } from '../../model/time.ts'
import {
  choice,
  type DocumentedContents,
  type DocumentedParameters,
  type ExtensionPath,
  text
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { each, key, MACHINE } from '../schemas/sample-schemas.ts'
import { influxPaths, LINE_TYPES } from './influx-openapi.ts'
import { PRECISIONS } from './stream.ts'

export const JSON_TYPE = 'application/json'
export const SENML_TYPE = 'application/senml+json'
export const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'] as const

/** How a body may be packed. */
export const CODINGS = ['gzip', 'zstd'] as const

const precision = choice('Unit of the times in lines', Object.keys(PRECISIONS), 'ns')

export const ingestParameters = {
  submodel: text('Id of the submodel of those samples that name none', MACHINE),
  path: text('idShortPath of those samples that name none', 'CycleTime'),
  unit: choice('Unit of times that are numbers', timeUnits, 'ms'),
  each: {
    description: `${each.description}; lines are taken one by one where nothing is said`,
    schema: { type: 'boolean' }
  },
  precision
} as const satisfies DocumentedParameters

const headers: DocumentedParameters = {
  'Idempotency-Key': {
    description: key.description,
    schema: { type: 'string', minLength: 1, maxLength: key.maxLength }
  },
  'Content-Encoding': choice('How the body is packed, if it is', CODINGS)
}

const POINTS = `OperationalData,submodel=${MACHINE} CycleTime=12.3,State="running" 1795489203000000000\n`

const lines = {
  schema: { type: 'string', description: "Points of InfluxDB's line protocol, one a line; as many as there are" },
  examples: { points: { summary: 'Two fields of one point', value: POINTS } }
}

const ndjson = {
  schema: { type: 'string', description: 'A sample, or a column, in each line; as many as there are' },
  examples: {
    rows: {
      summary: 'Two samples',
      value: '{"path":"CycleTime","time":"2026-11-24T03:00:01Z","value":12.5}\n{"time":1795489202000,"value":12.4}\n'
    }
  }
}

const takes: DocumentedContents = {
  [JSON_TYPE]: {
    schema: {
      anyOf: [ref('Sample'), ref('SampleColumn'), ref('SampleList'), { type: 'array', items: ref('SampleItem') }]
    },
    examples: {
      sample: {
        summary: 'One sample',
        value: {
          submodel: MACHINE,
          path: 'CycleTime',
          time: '2026-11-24T03:00:00.000000001Z',
          value: 12.7,
          quality: 'good'
        }
      },
      column: {
        summary: 'A column of samples, 100 ms apart',
        value: { path: 'CycleTime', start: '2026-11-24T03:00:01Z', step: 100, values: [12.7, 12.8, 12.6] }
      },
      list: {
        summary: 'Several, with what they have in common; a sample without a time is of now',
        value: {
          submodel: MACHINE,
          samples: [
            { path: 'State', value: 'running' },
            { path: 'CycleTime', start: 1795489202000, offsets: [0, 90, 210], values: [12.7, 12.8, 12.6] }
          ]
        }
      }
    }
  },
  [SENML_TYPE]: {
    schema: ref('SenmlPack'),
    examples: {
      pack: {
        summary: 'The last three seconds of one element, and a text of now',
        value: [
          { n: 'CycleTime', bt: 1795489204, t: -2, v: 12.7 },
          { n: 'CycleTime', t: -1, v: 12.8 },
          { n: 'CycleTime', v: 12.6 },
          { n: 'State', bt: 0, vs: 'running' }
        ]
      }
    }
  },
  ...Object.fromEntries(NDJSON_TYPES.map((type) => [type, ndjson])),
  ...Object.fromEntries(LINE_TYPES.map((type) => [type, lines]))
}

export const ingestPaths: readonly ExtensionPath[] = [
  {
    path: '/ingest',
    below: 'both',
    post: {
      operationId: 'PostSamples',
      tag: 'Samples',
      summary: 'Push samples',
      description:
        'The answer says that they are durable. What comes late or out of order is history, what comes twice counts once, the newest is the current value. JSON is taken whole or refused whole, unless `each` says otherwise; a name in SenML is `{submodel}/{idShortPath}` with the id or the idShort of the submodel, or the path alone where `submodel` is given, and units are not looked at; NDJSON and lines may be of any length, and are taken in batches as they arrive.',
      query: ingestParameters,
      headers,
      takes,
      gives: {
        200: {
          description: 'What was taken is durable, and what was refused is told',
          content: { [JSON_TYPE]: { schema: ref('SampleReceipt') } }
        }
      },
      refuses: [
        ...(['BadRequest', 'Conflict', 'TooLarge', 'UnsupportedMediaType', 'KeyReused'] as const),
        ...(['TooManyRequests', 'Unavailable', 'StorageFull', 'Internal'] as const)
      ]
    }
  },
  ...influxPaths(lines, headers, precision)
]
