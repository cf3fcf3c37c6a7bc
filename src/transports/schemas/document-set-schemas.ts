/** JSON Schema of the list of documents of a machine. */
import { suppliedNames } from '../../reports/document-set/documents.ts'
import { documentFormats } from '../../reports/render/formats.ts'
import { list, object, text } from './sample-schemas.ts'

const format = { enum: Object.keys(documentFormats) }

export const suppliedDocument = object(
  {
    name: { enum: suppliedNames },
    title: object({ en: text, ko: text }, ['en', 'ko']),
    format: { ...format, description: 'In which it is handed in' },
    formats: list(format)
  },
  ['name', 'title', 'format', 'formats']
)
