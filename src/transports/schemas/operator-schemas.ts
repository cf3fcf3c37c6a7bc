/** JSON Schemas of what operators look at: senders, settings, shells that a search finds. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { flag, list, number, object, text, whole } from './sample-schemas.ts'

const time = { ...text, format: 'date-time' }

/** @param ref makes a reference to a schema of the document */
export function operatorSchemas(ref: (name: string) => JsonSchema): Readonly<Record<string, JsonSchema>> {
  return {
    SenderList: { title: 'SenderList', ...object({ result: list(ref('Sender')) }, ['result']) },
    Sender: {
      title: 'Sender',
      ...object(
        {
          transport: {
            enum: [
              ...['http', 'line-protocol', 'websocket', 'mqtt', 'time-series-record'],
              ...['http-client', 'modbus', 'opcua']
            ]
          },
          caller: { ...text, description: 'Name of the caller; absent: it was not authenticated' },
          kind: { enum: ['gateway', 'user'] },
          client: { ...text, description: 'Network address; by MQTT: group and edge node of Sparkplug' },
          since: { ...time, description: 'When it sent first, since the start of the hub' },
          accepted: { ...whole, description: 'Samples' },
          refused: { ...whole, description: 'Samples' },
          rate: { ...number, description: 'Samples per second, accepted in the last minute' },
          lastSample: { ...time, description: 'When the last accepted samples arrived' },
          lastError: object({ time, text: { ...text, description: 'As in the response to the sender' } }, [
            'time',
            'text'
          ])
        },
        ['transport', 'since', 'accepted', 'refused', 'rate']
      )
    },
    FoundShells: {
      title: 'FoundShells',
      ...object({ paging_metadata: object({ cursor: text }, []), result: list(ref('AssetAdministrationShell')) }, [
        'paging_metadata',
        'result'
      ])
    },
    SettingList: { title: 'SettingList', ...object({ result: list(ref('Setting')) }, ['result']) },
    Setting: {
      title: 'Setting',
      ...object(
        {
          name: { ...text, description: 'Of the environment variable' },
          flag: { ...text, description: 'Of the command line' },
          value: { ...text, description: 'As it was written; absent: it leads to a secret' },
          isSet: flag,
          source: { enum: ['default', 'environment', 'flag'] },
          default: text,
          meaning: object({ en: text, ko: text }, ['en', 'ko'])
        },
        ['name', 'flag', 'isSet', 'source', 'default', 'meaning']
      )
    }
  }
}
