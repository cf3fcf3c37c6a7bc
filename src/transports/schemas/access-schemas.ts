/** JSON Schemas of the endpoints for access rules. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { list, object, text, violation, whole } from './sample-schemas.ts'

const claims = { type: 'object', description: 'Claims of the caller; absent: anonymous' }

/** @param ref makes a reference to a schema of the document */
export function accessSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    AccessRuleVersion: {
      title: 'AccessRuleVersion',
      ...object(
        {
          number: whole,
          state: { enum: ['staged', 'active', 'superseded'] },
          author: text,
          time: { ...text, format: 'date-time' },
          hash: { ...text, description: 'SHA-256 of its documents, hexadecimal' },
          rules: { ...whole, description: 'Number of rules' },
          note: text,
          activatedBy: text,
          activatedAt: { ...text, format: 'date-time' },
          warnings: { ...list(violation), description: 'What is accepted, but probably not what was meant' }
        },
        ['number', 'state', 'author', 'time', 'hash', 'rules']
      )
    },
    AccessRuleVersions: {
      title: 'AccessRuleVersions',
      ...object({ active: whole, versions: list(ref('AccessRuleVersion')) }, ['active', 'versions'])
    },
    AccessRuleDocuments: {
      title: 'AccessRuleDocuments',
      ...object({ version: whole, documents: list(object({ name: text, model: {} }, ['name', 'model'])) }, [
        'version',
        'documents'
      ])
    },
    AccessQuestion: {
      title: 'AccessQuestion',
      ...object({ claims, method: text, path: { ...text, description: 'With or without the prefix of the API' } }, [
        'method',
        'path'
      ])
    },
    AccessExplanation: {
      title: 'AccessExplanation',
      ...object({ operation: text, requires: text, targets: list(target) }, ['operation', 'requires', 'targets'])
    }
  }
}

const rule = object(
  {
    rule: { ...text, description: 'Name of the document and JSON Pointer into it' },
    grants: { enum: ['all', 'conditional', 'elements', 'nothing'] },
    reason: text,
    condition: { type: ['object', 'boolean'], description: 'What the document has to meet, in AASQL' },
    filters: list({ type: 'object' })
  },
  ['rule', 'grants']
)

const verdict = object(
  {
    right: text,
    verdict: { enum: ['allowed', 'refused', 'conditional'] },
    stored: { enum: ['all', 'part', 'nothing', 'absent'], description: 'What is allowed of the target as stored now' },
    rules: list(rule)
  },
  ['right', 'verdict', 'rules']
)

const target = object({ target: object({ kind: text, id: text, path: text }, []), verdicts: list(verdict) }, [
  'target',
  'verdicts'
])
