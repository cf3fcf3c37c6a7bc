/** JSON Schemas of the endpoint for collection points. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { verdicts } from '../../operations/collection/verdict.ts'
import { list, object, text, whole } from './sample-schemas.ts'

const time = { ...text, format: 'date-time' }
const seconds = { type: 'number', description: 'Seconds' }
const share = { type: 'number', minimum: 0, maximum: 1 }

/** @param ref makes a reference to a schema of the document */
export function collectionSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    CollectionPointPage: {
      title: 'CollectionPointPage',
      ...object(
        {
          paging_metadata: object({ cursor: text }, []),
          planDefect: { ...text, description: 'Why nothing is planned: there is no plan, or the stored one is wrong' },
          isIncomplete: { type: 'boolean', description: 'More elements deliver than figures are kept of' },
          verdicts: {
            ...object(Object.fromEntries(verdicts.map((verdict) => [verdict, whole])), []),
            description: 'Number of points of each verdict; absent where the caller may read only some elements'
          },
          result: list(ref('CollectionPoint'))
        },
        ['paging_metadata', 'result']
      )
    },
    CollectionPoint: {
      title: 'CollectionPoint',
      ...object(
        {
          process: text,
          machine: text,
          submodel: text,
          path: { ...text, description: 'idShortPath of the element' },
          kind: text,
          method: { enum: ['automatic', 'semi-automatic', 'manual'] },
          plannedPeriod: { ...seconds, description: 'Seconds; absent: at no fixed interval' },
          measuredPeriod: { ...seconds, description: 'Seconds; mean outside of gaps' },
          firstSample: time,
          lastSample: time,
          count: whole,
          missingRate: share,
          gaps: whole,
          latestGaps: list(object({ from: time, to: time }, ['from', 'to'])),
          lateShare: { ...share, description: 'Stored more than a minute after their own time' },
          badShare: share,
          uncertainShare: share,
          source: {
            ...object({ transport: text, caller: text, kind: { enum: ['gateway', 'user'] } }, ['transport']),
            description: 'Sender of the last samples'
          },
          isElementStored: { type: 'boolean', description: 'Of a point that never delivered' },
          verdict: { enum: verdicts },
          text: { ...text, description: 'The verdict in words' }
        },
        ['submodel', 'path', 'count', 'verdict', 'text']
      )
    }
  }
}
