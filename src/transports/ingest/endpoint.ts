/** Declaration of `/ingest`. */
import type { DocumentedContents, ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { MACHINE } from '../schemas/sample-schemas.ts'
import { JSON_TYPE, LINE_TYPES, NDJSON_TYPES, SENML_TYPE } from './media-types.ts'
import { ingestHeaders, ingestParameters, lineContent } from './parameters.ts'

const ndjson = {
  schema: { type: 'string', description: 'A sample or a column in each line; any number of lines' },
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
        summary: 'Several with shared members; a sample without a time gets the current time',
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
        summary: 'The last three seconds of one element, and a current text',
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
  ...Object.fromEntries(LINE_TYPES.map((type) => [type, lineContent]))
}

export const ingestEndpoint = {
  path: '/ingest',
  below: 'both',
  post: {
    operationId: 'PostSamples',
    right: { absent: 'CREATE', present: 'UPDATE' },
    kinds: ['Submodel'],
    tag: 'Samples',
    summary: 'Push samples',
    description:
      'The samples are durable when the response is sent. Late or unordered samples go to the history, repeated ones count once, and the newest is the current value. JSON is accepted or refused as a whole, unless `each` is set. A name in SenML is `{submodel}/{idShortPath}`, with the id or the idShort of the submodel, or the path alone if `submodel` is given; units are ignored. NDJSON and lines may have any length, and are stored in batches as they arrive.',
    query: ingestParameters,
    headers: ingestHeaders,
    takes,
    gives: {
      200: {
        description: 'Accepted samples are durable; refused ones are listed',
        content: { [JSON_TYPE]: { schema: ref('SampleReceipt') } }
      }
    },
    refuses: [
      ...(['BadRequest', 'Conflict', 'TooLarge', 'UnsupportedMediaType', 'KeyReused'] as const),
      ...(['TooManyRequests', 'Unavailable', 'StorageFull', 'Internal'] as const)
    ]
  }
} as const satisfies ExtensionEndpoint
