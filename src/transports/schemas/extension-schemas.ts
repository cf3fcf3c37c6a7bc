/** JSON Schemas of the extension endpoints. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { columnTypes } from '../../formats/tables/table.ts'
import { accessSchemas } from './access-schemas.ts'
import { auditSchemas } from './audit-schemas.ts'
import { collectionSchemas } from './collection-schemas.ts'
import { complianceSchemas } from './compliance-schemas.ts'
import { conformanceReport, repairReport } from './conformance-schemas.ts'
import { connectionSchemas } from './connection-schemas.ts'
import { suppliedDocument } from './document-set-schemas.ts'
import { i3xSchemas } from './i3x-schemas.ts'
import { machineSchemas } from './machine-schemas.ts'
import { operatorSchemas } from './operator-schemas.ts'
import { column, event, flag, list, number, object, refusal, sample, text, unit, whole } from './sample-schemas.ts'
import { securitySchemas } from './security-schemas.ts'

/** @param ref makes a reference to a schema of the document */
export function extensionSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    ...securitySchemas,
    ...i3xSchemas,
    Sample: { title: 'Sample', description: 'A sample without `time` gets the time of its arrival', ...sample },
    SampleColumn: {
      title: 'SampleColumn',
      description: 'Samples of one element: with `start` and `step`, with `start` and `offsets`, or with `times`',
      ...column
    },
    SampleItem: { title: 'SampleItem', anyOf: [ref('Sample'), ref('SampleColumn')] },
    SampleList: {
      title: 'SampleList',
      description: 'Samples, with defaults for members that they omit',
      ...object({ submodel: text, path: text, unit, samples: list(ref('SampleItem')) }, ['samples'])
    },
    DocumentSet: { title: 'DocumentSet', ...object({ documents: list(suppliedDocument) }, ['documents']) },
    ConformanceReport: { title: 'ConformanceReport', ...conformanceReport },
    RepairReport: { title: 'RepairReport', ...repairReport(ref('ConformanceReport')) },
    SenmlPack: { title: 'SenmlPack', type: 'array', items: ref('SenmlRecord') },
    SenmlRecord: {
      title: 'SenmlRecord',
      description: 'RFC 8428; members that begin with `b` apply from this record on',
      ...object({
        bn: { ...text, description: 'Prefix of each name' },
        bt: { ...number, description: 'Added to each time' },
        bv: { ...number, description: 'Added to each number' },
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
            description: 'The first hundred; `index` is the item or line, from 0'
          },
          repeated: { ...whole, description: 'Batches that were stored before under the same key' },
          cursor: { ...text, description: 'Position in the log; subscribing from here misses nothing later' }
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
      description: 'A CloudEvent (1.0); in a snapshot its id is not a cursor',
      ...object(
        {
          specversion: { const: '1.0' },
          id: { ...text, description: 'Unique; also the cursor after the event' },
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
          cursor: { ...text, description: 'The next page begins here; absent while there is none' },
          next: { ...text, description: 'Cursor to continue from, now or later' },
          recovered: { const: false, description: 'The requested position is older than the log' },
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
          metadata: { type: 'object', description: '`cursor` of the next page, if there is one' },
          rows: {
            type: 'array',
            description: 'A value for each column; null where absent, text where a number would be rounded',
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
          label: { ...text, description: 'Display name in the requested language' }
        },
        ['name', 'type']
      )
    },
    SeriesList: { title: 'SeriesList', ...object({ result: list(ref('ListedSeries')) }, ['result']) },
    ListedSeries: {
      title: 'ListedSeries',
      ...object(
        {
          name: { ...text, description: 'As its column in a table of the same series' },
          type: { enum: columnTypes },
          ...{ submodel: text, path: text, valueType: text, unit: text, semanticId: text, label: text },
          from: { ...text, format: 'date-time', description: 'Time of the first sample; absent: there are none' },
          to: { ...text, format: 'date-time', description: 'Time of the latest sample' },
          count: whole,
          value: {
            type: ['number', 'boolean', 'string'],
            description: 'The latest; text where a number would be rounded'
          },
          quality: { enum: ['good', 'uncertain', 'bad'] }
        },
        ['name', 'submodel', 'path', 'type']
      )
    },
    ...accessSchemas(ref),
    ...auditSchemas(ref),
    ...collectionSchemas(ref),
    ...operatorSchemas(ref),
    ...connectionSchemas(ref),
    ...machineSchemas(ref),
    ...complianceSchemas(ref),
    PageConfig: {
      title: 'PageConfig',
      ...object(
        {
          version: text,
          apiPrefix: text,
          open: { type: 'boolean' },
          providers: list(
            object(
              {
                ...{ issuer: text, clientId: text, scope: text },
                ...{ authorizationEndpoint: text, tokenEndpoint: text, endSessionEndpoint: text }
              },
              ['issuer', 'clientId', 'scope', 'authorizationEndpoint', 'tokenEndpoint']
            )
          )
        },
        ['version', 'apiPrefix', 'open', 'providers']
      )
    },
    Health: {
      title: 'Health',
      ...object(
        {
          status: text,
          damaged: { type: 'integer', minimum: 1 },
          setAside: { type: 'integer', minimum: 1 },
          checkpointFailing: { const: true },
          accessRules: text,
          invalidFiles: list(text),
          insecure: { const: true }
        },
        ['status']
      )
    }
  }
}
