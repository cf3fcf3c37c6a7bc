/** JSON Schemas of the endpoints for compliance reports. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { sectionNames } from '../../reports/compliance/report.ts'
import { list, object, text, whole } from './sample-schemas.ts'

const time = { ...text, format: 'date-time' }
const status = { enum: ['met', 'partly', 'unmet', 'unknown'] }
const localText = object({ en: text, ko: text }, ['en', 'ko'])
const sha256 = { ...text, pattern: '^[0-9a-f]{64}$' }
const strings = { type: 'object', additionalProperties: text }

const body = object({ bytes: whole, sha256, excerpt: { ...text, description: 'The beginning of a text' } }, [
  'bytes',
  'sha256'
])

const exchange = {
  ...object(
    {
      kind: { const: 'exchange' },
      request: object({ method: text, path: text, headers: strings, body }, ['method', 'path', 'headers']),
      response: object({ status: whole, headers: strings, body }, ['status', 'headers']),
      repeatable: { type: 'boolean', description: 'Sent again it is answered in the same way' }
    },
    ['kind', 'request', 'response', 'repeatable']
  ),
  description: 'A request with its answer'
}

const figure = object(
  {
    kind: { const: 'figure' },
    name: text,
    value: { type: ['number', 'string'] },
    unit: text,
    source: {
      ...object({ request: text, at: text }, ['request', 'at']),
      description: 'The request that returns it, and where in the answer: a JSON Pointer, or the name of a metric'
    }
  },
  ['kind', 'name', 'value']
)

const note = object({ kind: { const: 'note' }, text: localText }, ['kind', 'text'])

const checkChange = object(
  {
    id: text,
    section: { enum: sectionNames },
    change: { enum: ['dropped', 'gone', 'new', 'improved'] },
    from: status,
    to: status,
    text: localText
  },
  ['id', 'section', 'change', 'text']
)

const figureChange = object(
  { check: text, name: text, from: { type: ['number', 'string'] }, to: { type: ['number', 'string'] }, unit: text },
  ['check', 'name', 'from', 'to']
)

/** @param ref makes a reference to a schema of the document */
export function complianceSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return { ...reportSchemas(ref), ...listSchemas(ref), ...otherSchemas(ref) }
}

function reportSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    ComplianceReport: {
      title: 'ComplianceReport',
      ...object(
        {
          format: { const: 'https://aas-hub.dev/compliance-report' },
          formatVersion: { const: 1 },
          id: text,
          created: time,
          period: object({ from: time, to: time }, ['from', 'to']),
          address: text,
          verdict: status,
          sections: list(ref('ComplianceSection')),
          signature: {
            ...text,
            pattern: '^[A-Za-z0-9_-]+\\.\\.[A-Za-z0-9_-]+$',
            description:
              'Compact JWS with detached, unencoded payload (RFC 7515, RFC 7797): the canonical JSON (RFC 8785) of all other members'
          }
        },
        ['format', 'formatVersion', 'id', 'created', 'period', 'address', 'verdict', 'sections', 'signature']
      )
    },
    ComplianceSection: {
      title: 'ComplianceSection',
      ...object(
        { name: { enum: sectionNames }, verdict: status, summary: localText, checks: list(ref('ComplianceCheck')) },
        ['name', 'verdict', 'summary', 'checks']
      )
    },
    ComplianceCheck: {
      title: 'ComplianceCheck',
      ...object(
        {
          id: { ...text, description: 'The same in all reports' },
          verdict: status,
          text: localText,
          evidence: list({ anyOf: [exchange, figure, note] }),
          provedBy: { ...list(text), description: 'Ids of the checks that prove it' }
        },
        ['id', 'verdict', 'text', 'evidence']
      )
    }
  }
}

function listSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    ComplianceReportList: {
      title: 'ComplianceReportList',
      ...object({ result: list(ref('ComplianceReportSummary')), running: ref('ComplianceExamination') }, ['result'])
    },
    ComplianceReportSummary: {
      title: 'ComplianceReportSummary',
      ...object(
        {
          id: text,
          created: time,
          address: text,
          verdict: status,
          checks: {
            ...object({ met: whole, partly: whole, unmet: whole, unknown: whole }, [
              'met',
              'partly',
              'unmet',
              'unknown'
            ]),
            description: 'Number of checks by verdict'
          },
          bytes: whole,
          startedBy: { ...text, description: 'Name of a caller, `schedule` or `command`' },
          seconds: { type: 'number' },
          keyId: { ...text, description: 'Thumbprint of the key that signed it' },
          since: { ...text, description: 'Id of the report before' },
          dropped: { ...list(text), description: 'Checks that became worse since then; at most a hundred' },
          droppedCount: whole
        },
        ['id', 'created', 'address', 'verdict', 'checks', 'bytes', 'startedBy', 'seconds', 'keyId']
      )
    },
    ComplianceExamination: {
      title: 'ComplianceExamination',
      ...object(
        {
          id: { ...text, description: 'Of the report that it makes' },
          startedBy: text,
          started: time,
          progress: object({ done: whole, of: whole, section: { enum: sectionNames } }, ['done', 'of'])
        },
        ['id', 'startedBy', 'started', 'progress']
      )
    }
  }
}

function otherSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    ComplianceComparison: {
      title: 'ComplianceComparison',
      ...object(
        {
          earlier: ref('ComparedReport'),
          later: ref('ComparedReport'),
          checks: list(checkChange),
          figures: list(figureChange),
          unchanged: { ...whole, description: 'Checks with the same verdict' }
        },
        ['earlier', 'later', 'checks', 'figures', 'unchanged']
      )
    },
    ComparedReport: {
      title: 'ComparedReport',
      ...object({ id: text, created: time, address: text, verdict: status }, ['id', 'created', 'address', 'verdict'])
    },
    JwkSet: { title: 'JwkSet', ...object({ keys: list(ref('Jwk')) }, ['keys']) },
    Jwk: {
      title: 'Jwk',
      ...object(
        { kty: text, kid: text, alg: text, use: { const: 'sig' }, crv: text, x: text, y: text, n: text, e: text },
        ['kty', 'kid', 'alg', 'use']
      )
    }
  }
}
