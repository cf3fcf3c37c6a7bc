/** JSON Schemas of the connections to machines. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { flag, list, number, object, text, whole } from './sample-schemas.ts'

const time = { ...text, format: 'date-time' }
const problems = list(object({ submodel: text, path: text, text }, ['submodel', 'path', 'text']))

/** @param ref makes a reference to a schema of the document */
export function connectionSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    ConnectionList: {
      title: 'ConnectionList',
      ...object({ isCollecting: flag, problems, result: list(ref('Connection')) }, [
        'isCollecting',
        'problems',
        'result'
      ])
    },
    Connection: {
      title: 'Connection',
      ...object(
        {
          id: { ...text, description: 'Id of the description, #, and idShort of the interface' },
          submodel: { ...text, description: 'Id of the Asset Interfaces Description' },
          idShort: { ...text, description: 'Of the interface' },
          title: text,
          protocol: { enum: ['http', 'modbus', 'mqtt', 'opcua'] },
          target: { ...text, description: 'Address of the machine' },
          state: { enum: ['connecting', 'connected', 'degraded', 'failed', 'stopped'] },
          since: { ...time, description: 'When it got into this state' },
          items: { ...whole, description: 'Number of items' },
          rate: { ...number, description: 'Samples per second, stored in the last minute' },
          lag: { ...number, description: 'From the time of the last sample until it was durable, in milliseconds' },
          accepted: { ...whole, description: 'Samples since the start' },
          refused: { ...whole, description: 'Samples since the start' },
          missed: { ...whole, description: 'Readings that were due and not made' },
          gaps: { ...whole, description: 'Times that samples were lost' },
          reconnects: whole,
          lastSample: time,
          lastError: object({ time, text }, ['time', 'text']),
          nextTry: { ...time, description: 'The next attempt to connect' },
          problems
        },
        ['id', 'submodel', 'idShort', 'protocol', 'state', 'since', 'items', 'rate', 'accepted', 'refused', 'missed']
      )
    },
    ConnectionTest: {
      title: 'ConnectionTest',
      ...object(
        {
          result: list(
            object(
              {
                path: { ...text, description: 'idShortPath in the description' },
                sinks: list(object({ submodel: text, path: text }, ['submodel', 'path'])),
                value: { description: 'As `$value`; absent: none was read' },
                quality: { enum: ['good', 'uncertain', 'bad'] },
                time,
                reason: { ...text, description: 'Why the quality is not good' }
              },
              ['path', 'sinks', 'quality', 'time']
            )
          )
        },
        ['result']
      )
    }
  }
}
