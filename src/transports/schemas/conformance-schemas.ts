/** JSON Schema of the report of `/validate`. */
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

export const conformanceReport = object(
  {
    file: text,
    profile: text,
    language: { enum: ['en', 'ko'] },
    valid: { ...flag, description: 'No finding is an error' },
    rules: list(rule),
    findings: list(finding)
  },
  ['file', 'profile', 'language', 'valid', 'rules', 'findings']
)
