/** The schemas of what the hub takes and gives beside the standard's operations. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { columnTypes } from '../../formats/tables/table.ts'
import { column, event, flag, list, number, object, refusal, sample, text, unit, whole } from './sample-schemas.ts'

/** @param ref refers to a schema of the document by its name */
export function extensionSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    Sample: { title: 'Sample', description: 'Without a time: of the time of its arrival', ...sample },
    SampleColumn: {
      title: 'SampleColumn',
      description: 'Samples of one element: with `start` and `step`, with `start` and `offsets`, or with `times`',
      ...column
    },
    SampleItem: { title: 'SampleItem', anyOf: [ref('Sample'), ref('SampleColumn')] },
    SampleList: {
      title: 'SampleList',
      description: 'Samples, and what those of them have that do not say it themselves',
      ...object({ submodel: text, path: text, unit, samples: list(ref('SampleItem')) }, ['samples'])
    },
    SenmlPack: { title: 'SenmlPack', type: 'array', items: ref('SenmlRecord') },
    SenmlRecord: {
      title: 'SenmlRecord',
      description: 'RFC 8428; what begins with `b` holds from this record on',
      ...object({
        bn: { ...text, description: 'Before each name' },
        bt: { ...number, description: 'To be added to each time' },
        bv: { ...number, description: 'To be added to each number' },
        bver: { ...whole, maximum: 10 },
        n: text,
        t: { ...number, description: 'Seconds since 1970; below 2^28, from now' },
        v: number,
        vs: text,
        vb: flag,
        vd: { ...text, description: 'base64url' }
      })
    },
    SampleReceipt: {
      title: 'SampleReceipt',
      ...object(
        {
          accepted: { ...whole, description: 'Samples that are durable' },
          refused: { ...whole, description: 'Samples, or lines, that were refused' },
          refusals: {
            ...list(refusal),
            description: 'The first hundred of them; `index` is the item or line, from 0 on'
          },
          repeated: { ...whole, description: 'Batches that were taken before under the same key' },
          cursor: { ...text, description: 'Who follows from here misses nothing that comes after' }
        },
        ['accepted', 'refused', 'refusals', 'repeated']
      )
    },
    InfluxDbError: { title: 'InfluxDbError', ...object({ error: text }, ['error']) },
    InfluxDbErrorV2: { title: 'InfluxDbErrorV2', ...object({ code: text, message: text }, ['code', 'message']) },
    InfluxDbHealth: {
      title: 'InfluxDbHealth',
      ...object({ name: text, message: text, checks: list({}), status: { enum: ['pass', 'fail'] }, version: text }, [
        'name',
        'status'
      ])
    },
    InfluxQlResults: {
      title: 'InfluxQlResults',
      ...object(
        { results: list(object({ statement_id: whole, series: list({ type: 'object' }) }, ['statement_id'])) },
        ['results']
      )
    },
    InfluxDbBuckets: {
      title: 'InfluxDbBuckets',
      ...object({ buckets: list(object({ id: text, name: text }, ['id', 'name'])) }, ['buckets'])
    },
    InfluxDbOrganizations: {
      title: 'InfluxDbOrganizations',
      ...object({ orgs: list(object({ id: text, name: text }, ['id', 'name'])) }, ['orgs'])
    },
    Event: { title: 'Event', ...event },
    CloudEvent: {
      title: 'CloudEvent',
      description: 'A CloudEvent (1.0); in a snapshot its id is no cursor',
      ...object(
        {
          specversion: { const: '1.0' },
          id: { ...text, description: 'Unique, and the cursor behind the event' },
          source: { ...text, description: 'URL of what changed' },
          type: text,
          time: { ...text, format: 'date-time' },
          subject: text,
          dataschema: text,
          datacontenttype: text,
          quality: text,
          data: {}
        },
        ['specversion', 'id', 'source', 'type', 'time']
      )
    },
    EventPage: {
      title: 'EventPage',
      ...object(
        {
          id: { ...text, description: 'Address of the feed' },
          updated: { ...text, format: 'date-time', description: 'Time of the newest event on the page' },
          cursor: { ...text, description: 'The next page begins here; absent where there is no more yet' },
          next: { ...text, description: 'Where to go on, now or later' },
          recovered: { const: false, description: 'What was asked for lies further back than the log reaches' },
          records: list({ anyOf: [ref('CloudEvent'), ref('Event')] })
        },
        ['id', 'next', 'records']
      )
    },
    Table: {
      title: 'Table',
      ...object(
        {
          columns: list(ref('TableColumn')),
          metadata: { type: 'object', description: '`cursor`: where the next page begins, if there is one' },
          rows: {
            type: 'array',
            description: 'A value for each column; null where there is none, text where a number would be rounded',
            items: { type: 'array' }
          }
        },
        ['columns', 'rows']
      )
    },
    TableColumn: {
      title: 'TableColumn',
      ...object(
        {
          name: text,
          type: { enum: columnTypes },
          unit: { ...text, description: 'As the concept description names it' },
          semanticId: text,
          label: { ...text, description: 'What people call it, in the language asked for' }
        },
        ['name', 'type']
      )
    },
    Health: { title: 'Health', ...object({ status: text, damaged: { type: 'integer', minimum: 1 } }, ['status']) }
  }
}
