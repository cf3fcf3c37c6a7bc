/** JSON Schemas of i3X. */
import type { JsonSchema } from '../../formats/json-schema.ts'
import { flag, list, object, text, whole } from './sample-schemas.ts'

const time = { ...text, format: 'date-time' }
const texts = list(text)
const depth = { ...whole, minimum: 0, default: 1, description: 'Levels of components; 0: all' }
const detail = object({ title: text, status: whole, detail: text }, ['title', 'status', 'detail'])
const vqt = object({ value: {}, quality: { enum: ['Good', 'GoodNoData', 'Bad', 'Uncertain'] }, timestamp: time }, [
  'value'
])
const subscription = { clientId: { ...text, description: 'Chosen by the client' }, subscriptionId: text }

export const i3xSchemas: Readonly<Record<string, JsonSchema>> = {
  I3xResult: {
    title: 'I3xResult',
    ...object({ success: { const: true }, result: {}, responseDetail: detail }, ['success', 'result'])
  },
  I3xBulk: {
    title: 'I3xBulk',
    description: 'As many results as were asked for, in that order; `success` where all of them succeeded',
    ...object(
      {
        success: flag,
        results: list(
          object({ success: flag, elementId: text, subscriptionId: text, result: {}, responseDetail: detail }, [
            'success'
          ])
        ),
        responseDetail: detail
      },
      ['success', 'results']
    )
  },
  I3xFailure: {
    title: 'I3xFailure',
    ...object({ success: { const: false }, responseDetail: detail }, ['success', 'responseDetail'])
  },
  I3xElementIds: {
    title: 'I3xElementIds',
    ...object({ elementIds: texts, maxDepth: depth, includeMetadata: flag, relationshipType: text }, ['elementIds'])
  },
  I3xPeriod: {
    title: 'I3xPeriod',
    ...object({ elementIds: texts, startTime: time, endTime: time, maxDepth: depth }, [
      'elementIds',
      'startTime',
      'endTime'
    ])
  },
  I3xUpdates: {
    title: 'I3xUpdates',
    ...object({ updates: list(object({ elementId: text, value: vqt }, ['elementId', 'value'])) }, ['updates'])
  },
  I3xNewSubscription: {
    title: 'I3xNewSubscription',
    ...object({ clientId: subscription.clientId, displayName: text }, ['clientId'])
  },
  I3xSubscriptions: {
    title: 'I3xSubscriptions',
    ...object({ clientId: text, subscriptionIds: texts }, ['clientId', 'subscriptionIds'])
  },
  I3xRegistration: {
    title: 'I3xRegistration',
    ...object({ ...subscription, elementIds: texts, maxDepth: depth }, ['clientId', 'subscriptionId', 'elementIds'])
  },
  I3xSync: {
    title: 'I3xSync',
    ...object(
      {
        ...subscription,
        lastSequenceNumber: { ...whole, minimum: -1, description: 'The last batch received; -1: all' }
      },
      ['clientId', 'subscriptionId']
    )
  }
}
