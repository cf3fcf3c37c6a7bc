/** Query parameters and documented headers of requests with samples. */
import { HubError } from '../../errors.ts'
import { type TimeUnit, timeUnits } from '../../model/time.ts'
import {
  type DocumentedContent,
  type DocumentedParameter,
  documentChoice,
  documentText,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { each, key, MACHINE } from '../schemas/sample-schemas.ts'
import { CONTENT_ENCODINGS } from './media-types.ts'

/** Units of times in the line protocol, in nanoseconds. */
const PRECISIONS: Readonly<Record<string, bigint>> = {
  n: 1n,
  ns: 1n,
  u: 1000n,
  us: 1000n,
  µ: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n
}

export const lineParameters = {
  precision: {
    ...documentChoice('Unit of the times in lines', Object.keys(PRECISIONS), 'ns'),
    parse: ([text = '']): bigint => {
      const unit = Object.hasOwn(PRECISIONS, text) ? PRECISIONS[text] : undefined
      if (unit === undefined) throw invalid('precision', `one of ${Object.keys(PRECISIONS).join(', ')}`, text)
      return unit
    }
  }
} as const satisfies QueryDeclaration

export const ingestParameters = {
  submodel: { ...documentText('Id of the submodel for samples that name none', MACHINE), parse: first },
  path: { ...documentText('idShortPath for samples that name none', 'CycleTime'), parse: first },
  unit: {
    ...documentChoice('Unit of numeric times', timeUnits, 'ms'),
    parse: ([text = '']): TimeUnit => {
      const unit = timeUnits.find((unit) => unit === text)
      if (unit === undefined) throw invalid('unit', `one of ${timeUnits.join(', ')}`, text)
      return unit
    }
  },
  each: {
    description: `${each.description}; the default for NDJSON and lines`,
    schema: { type: 'boolean' },
    parse: ([text = '']): boolean => {
      if (text === 'true' || text === 'false') return text === 'true'
      throw invalid('each', 'true or false', text)
    }
  },
  ...lineParameters
} as const satisfies QueryDeclaration

export const ingestHeaders: Readonly<Record<string, DocumentedParameter>> = {
  'Idempotency-Key': {
    description: key.description,
    schema: { type: 'string', minLength: 1, maxLength: key.maxLength }
  },
  'Content-Encoding': documentChoice('Compression of the body', CONTENT_ENCODINGS)
}

const POINTS = `OperationalData,submodel=${MACHINE} CycleTime=12.3,State="running" 1795489203000000000\n`

export const lineContent: DocumentedContent = {
  schema: { type: 'string', description: "Points of InfluxDB's line protocol, one per line; any number of lines" },
  examples: { points: { summary: 'Two fields of one point', value: POINTS } }
}

/** Of a repeated parameter the first occurrence counts. */
function first([text = '']: readonly string[]): string {
  return text
}

function invalid(name: string, expected: string, found: string): HubError {
  return new HubError('BadRequest', [`"${name}" is ${expected}; found "${found.slice(0, 60)}"`])
}
