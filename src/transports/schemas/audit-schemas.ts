/** JSON Schemas of the endpoints for the audit. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { list, object, text, whole } from './sample-schemas.ts'

const hash = { ...text, pattern: '^[0-9a-f]{64}$' }
const time = { ...text, format: 'date-time' }

const resource = object(
  {
    action: { enum: ['create', 'replace', 'delete', 'value', 'samples', 'attach', 'detach'] },
    kind: text,
    id: text,
    paths: { ...list(text), description: 'idShortPaths of elements, or names of files' },
    more: { ...whole, description: 'Further paths that are not listed' },
    samples: whole,
    values: { type: 'object', description: 'Values by path, where they are recorded' }
  },
  ['action', 'kind', 'id']
)

/** @param ref makes a reference to a schema of the document */
export function auditSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    AuditEntry: {
      title: 'AuditEntry',
      ...object(
        {
          number: whole,
          seq: { ...whole, description: 'Position of its commit in the log' },
          time,
          trimmed: { ...whole, description: 'Entries up to this number were removed by this one' },
          record: ref('AuditRecord'),
          previous: { ...hash, description: 'SHA-256 of the entry before' },
          hash: {
            ...hash,
            description:
              'SHA-256 of `previous`, `number`, `seq`, time in milliseconds since 1970, `trimmed` and the record as it stands here, separated by spaces'
          }
        },
        ['number', 'seq', 'time', 'record', 'previous', 'hash']
      )
    },
    AuditRecord: {
      title: 'AuditRecord',
      ...object(
        {
          at: { ...time, description: 'When it happened, where it was written later' },
          caller: text,
          authentication: text,
          source: { ...text, description: 'Network address' },
          hub: text,
          request: { ...text, description: 'Id of the request' },
          operation: text,
          path: text,
          outcome: { enum: ['done', 'refused'] },
          status: { ...whole, description: 'Status of the response' },
          reason: text,
          rights: list(text),
          rules: { ...list(text), description: 'Rules that granted it' },
          resources: list(resource),
          samples: { ...whole, description: 'Refused samples of a push whose other samples were accepted' },
          subject: { ...text, description: 'A key, a user or a version of the access rules' },
          part: { ...text, description: '`2/3`: the second record of three' },
          count: { ...whole, description: 'How often it happened within some seconds' },
          trimmed: object({ number: whole, hash }, ['number', 'hash'])
        },
        ['caller', 'operation', 'outcome']
      )
    },
    AuditPage: {
      title: 'AuditPage',
      ...object({ paging_metadata: object({ cursor: text }, []), result: list(ref('AuditEntry')) }, [
        'paging_metadata',
        'result'
      ])
    },
    AuditHead: {
      title: 'AuditHead',
      ...object({ number: whole, hash, trimmed: { ...whole, description: 'Entries up to this one were removed' } }, [
        'number',
        'hash',
        'trimmed'
      ])
    }
  }
}
