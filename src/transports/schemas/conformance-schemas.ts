/** JSON Schemas of the reports of `/validate` and `/repair`. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { flag, list, object, text, whole } from './sample-schemas.ts'

const rule = object(
  {
    rule: { ...text, description: 'Id, as the acceptance test names it' },
    title: text,
    result: { enum: ['passed', 'failed', 'warning', 'notChecked'] },
    findings: { ...whole, description: 'Also those that are not listed' },
    source: { ...text, description: 'Where the rule is known from' }
  },
  ['rule', 'title', 'result', 'findings', 'source']
)

const finding = object(
  {
    rule: text,
    severity: { enum: ['error', 'warning', 'info'] },
    pointer: { ...text, description: 'JSON Pointer in the environment; empty for the file as a whole' },
    idShortPath: text,
    modelType: text,
    id: text,
    idShort: { ...text, description: 'Of the document' },
    constraint: { ...text, description: 'The rule of the standard that is broken' },
    found: text,
    remedy: text
  },
  ['rule', 'severity', 'pointer', 'found', 'remedy']
)

const content = object(
  {
    shells: whole,
    submodels: whole,
    conceptDescriptions: whole,
    files: { ...whole, description: 'Beside the documents' },
    documents: {
      ...list(object({ modelType: text, id: text, idShort: text }, ['modelType', 'id'])),
      description: 'The first thousand that have an id'
    }
  },
  ['shells', 'submodels', 'conceptDescriptions', 'files', 'documents']
)

const change = object(
  {
    rule: { ...text, description: 'That asked for it' },
    pointer: { ...text, description: 'JSON Pointer in the repaired environment, or the name of a part of the package' },
    idShortPath: text,
    id: { ...text, description: 'Of the document; as it was, where it is moved' },
    was: { description: 'Absent where there was nothing' },
    is: { description: 'Absent where there is nothing now' },
    kind: {
      enum: ['changed', 'moved', 'draft', 'removed'],
      description: '`moved`: an id with all references to it; `draft`: content for a person to complete'
    }
  },
  ['rule', 'pointer', 'kind']
)

export const conformanceReport = object(
  {
    file: text,
    profile: text,
    language: { enum: ['en', 'ko'] },
    valid: { ...flag, description: 'No finding is an error' },
    rules: list(rule),
    findings: list(finding),
    content: { ...content, description: 'What the file holds' }
  },
  ['file', 'profile', 'language', 'valid', 'rules', 'findings']
)

/** @param report reference to the schema of the report above */
export function repairReport(report: JsonSchema): JsonSchema {
  return object(
    {
      changeCount: { ...whole, description: 'Also of those that are not listed' },
      changes: { ...list(change), description: 'Up to a thousand of each rule' },
      report
    },
    ['changeCount', 'changes', 'report']
  )
}
