/** Declarations of the endpoints of i3X (CESMII, Industrial Information Interoperability eXchange, 1.0). */
import { HubError } from '../../errors.ts'
import type { DocumentKind } from '../../security/rule.ts'
import {
  type DocumentedResponse,
  documentText,
  type ExtensionEndpoint,
  type ExtensionOperation,
  type QueryDeclaration
} from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'
import { singleValue } from '../http/parameters.ts'
import { MACHINE } from '../schemas/sample-schemas.ts'

const JSON_TYPE = 'application/json'
const CYCLE_TIME = `${MACHINE}#CycleTime`
const CLIENT = 'dashboard-7f3a9c'
const SUBSCRIPTION = 'mYkRk0yq6hZ2b0vT'

type Verb = 'get' | 'post' | 'put'

interface Declared extends Pick<ExtensionOperation, 'operationId' | 'summary'> {
  readonly description?: string
  readonly query?: QueryDeclaration
  /** A schema of the document, and an example. */
  readonly takes?: readonly [schema: string, example: object]
  readonly gives: 'I3xResult' | 'I3xBulk'
  readonly right?: ExtensionOperation['right']
}

const kinds: readonly DocumentKind[] = ['AssetAdministrationShell', 'Submodel']

function operation({ description = '', takes, gives, right = 'READ', ...declared }: Declared) {
  const example = takes && { example: { summary: declared.summary, value: takes[1] } }
  return {
    ...declared,
    right,
    ...(right !== 'PUBLIC' && { kinds: right === 'READ' ? kinds : (['Submodel'] as const) }),
    tag: 'i3X',
    description: `${description}${description === '' ? '' : ' '}See docs/i3x.md.`,
    ...(takes && { takes: { [JSON_TYPE]: { schema: ref(takes[0]), examples: example ?? {} } } }),
    gives: {
      200: json('Done', gives),
      206: json('A limit cut something; `responseDetail` says what', gives),
      400: json('The request is malformed', 'I3xFailure'),
      401: json('Credentials are missing or invalid', 'I3xFailure'),
      403: json('The client is not allowed to do this', 'I3xFailure'),
      404: json('There is nothing of this id', 'I3xFailure'),
      ...(takes && {
        413: json('The body exceeds the limit of the server', 'I3xFailure'),
        415: json('The media type of the body is not JSON', 'I3xFailure')
      })
    },
    refuses: []
  } as const satisfies ExtensionOperation
}

function json(description: string, schema: string): DocumentedResponse {
  return { description, content: { [JSON_TYPE]: { schema: ref(schema) } } }
}

function endpoint<const Path extends string, const Of extends { readonly [V in Verb]?: Declared }>(
  path: Path,
  operations: Of
) {
  const declared = Object.entries(operations).map(([verb, one]) => [verb, operation(one)])
  return {
    path: `/i3x/v1${path}`,
    below: 'hub',
    ...(Object.fromEntries(declared) as { [V in keyof Of]: ReturnType<typeof operation> })
  } as const satisfies ExtensionEndpoint
}

const flag = {
  schema: { type: 'boolean', default: false },
  parse: (values: readonly string[], name: string): boolean => {
    const text = singleValue(values, name)
    if (text === 'true' || text === 'false') return text === 'true'
    throw new HubError('BadRequest', [`The parameter ${name}: true or false was expected`])
  }
}

const typeQuery = {
  namespaceUri: { ...documentText('Only those of this namespace'), parse: singleValue }
} as const satisfies QueryDeclaration

const objectQuery = {
  typeElementId: {
    ...documentText('Only those of this type; a semanticId stands for all types that have it'),
    parse: singleValue
  },
  includeMetadata: { ...flag, description: 'With description, relationships and what AAS says of each' },
  root: { ...flag, description: 'Only shells, and submodels without a shell' }
} as const satisfies QueryDeclaration

const period = { startTime: '2026-01-01T00:00:00Z', endTime: '2026-12-31T23:59:59Z' }
const ofSubscription = { clientId: CLIENT, subscriptionId: SUBSCRIPTION }
const ofSubscriptions = ['I3xSubscriptions', { clientId: CLIENT, subscriptionIds: [SUBSCRIPTION] }] as const
const registered = ['I3xRegistration', { ...ofSubscription, elementIds: [CYCLE_TIME], maxDepth: 1 }] as const

export const i3xEndpoints = {
  info: endpoint('/info', {
    get: { operationId: 'I3xInfo', summary: 'What the server can do', right: 'PUBLIC', gives: 'I3xResult' }
  }),
  namespaces: endpoint('/namespaces', {
    get: { operationId: 'I3xNamespaces', summary: 'Namespaces of types', gives: 'I3xResult' }
  }),
  types: endpoint('/objecttypes', {
    get: { operationId: 'I3xObjectTypes', summary: 'Types, with their schemas', query: typeQuery, gives: 'I3xResult' }
  }),
  typesById: endpoint('/objecttypes/query', {
    post: {
      ...{ operationId: 'I3xQueryObjectTypes', summary: 'Types by elementId', gives: 'I3xBulk' },
      takes: ['I3xElementIds', { elementIds: ['AssetAdministrationShell'] }]
    }
  }),
  relationshipTypes: endpoint('/relationshiptypes', {
    get: {
      operationId: 'I3xRelationshipTypes',
      summary: 'Types of relationships',
      query: typeQuery,
      gives: 'I3xResult'
    }
  }),
  relationshipTypesById: endpoint('/relationshiptypes/query', {
    post: {
      ...{ operationId: 'I3xQueryRelationshipTypes', summary: 'Types of relationships by elementId', gives: 'I3xBulk' },
      takes: ['I3xElementIds', { elementIds: ['HasComponent'] }]
    }
  }),
  objects: endpoint('/objects', {
    get: { operationId: 'I3xObjects', summary: 'Shells, submodels, elements', query: objectQuery, gives: 'I3xResult' }
  }),
  objectsById: endpoint('/objects/list', {
    post: {
      ...{ operationId: 'I3xListObjects', summary: 'Objects by elementId', gives: 'I3xBulk' },
      takes: ['I3xElementIds', { elementIds: [MACHINE, CYCLE_TIME], includeMetadata: true }]
    }
  }),
  related: endpoint('/objects/related', {
    post: {
      ...{ operationId: 'I3xRelatedObjects', summary: 'Objects that others are related to', gives: 'I3xBulk' },
      takes: ['I3xElementIds', { elementIds: [MACHINE], relationshipType: 'HasComponent' }]
    }
  }),
  values: endpoint('/objects/value', {
    post: {
      ...{ operationId: 'I3xReadValues', summary: 'Current values', gives: 'I3xBulk' },
      takes: ['I3xElementIds', { elementIds: [CYCLE_TIME, MACHINE], maxDepth: 1 }]
    },
    put: {
      ...{ operationId: 'I3xWriteValues', summary: 'Writes current values', gives: 'I3xBulk', right: 'UPDATE' },
      description: 'Durable when the response is sent.',
      takes: ['I3xUpdates', { updates: [{ elementId: CYCLE_TIME, value: { value: 12.6, quality: 'Good' } }] }]
    }
  }),
  history: endpoint('/objects/history', {
    post: {
      ...{ operationId: 'I3xReadHistory', summary: 'Values of a period', gives: 'I3xBulk' },
      takes: ['I3xPeriod', { elementIds: [CYCLE_TIME], ...period }]
    },
    put: {
      ...{ operationId: 'I3xWriteHistory', summary: 'Writes values of the past', gives: 'I3xBulk', right: 'UPDATE' },
      description: 'Creates the record of each timestamp, or replaces it.',
      takes: [
        'I3xUpdates',
        {
          updates: [
            { elementId: CYCLE_TIME, value: { value: 12.4, quality: 'Good', timestamp: '2026-01-31T12:00:00Z' } }
          ]
        }
      ]
    }
  }),
  subscriptions: endpoint('/subscriptions', {
    post: {
      ...{ operationId: 'I3xCreateSubscription', summary: 'Creates a subscription', gives: 'I3xResult' },
      takes: ['I3xNewSubscription', { clientId: CLIENT, displayName: 'Dashboard' }]
    }
  }),
  subscriptionsById: endpoint('/subscriptions/list', {
    post: {
      ...{ operationId: 'I3xListSubscriptions', summary: 'Subscriptions by id', gives: 'I3xBulk' },
      takes: ofSubscriptions
    }
  }),
  deletion: endpoint('/subscriptions/delete', {
    post: {
      ...{ operationId: 'I3xDeleteSubscriptions', summary: 'Deletes subscriptions', gives: 'I3xBulk' },
      takes: ofSubscriptions
    }
  }),
  register: endpoint('/subscriptions/register', {
    post: {
      ...{ operationId: 'I3xRegister', summary: 'Adds objects to a subscription', gives: 'I3xBulk' },
      takes: registered
    }
  }),
  unregister: endpoint('/subscriptions/unregister', {
    post: {
      ...{ operationId: 'I3xUnregister', summary: 'Removes objects from a subscription', gives: 'I3xBulk' },
      takes: registered
    }
  }),
  sync: endpoint('/subscriptions/sync', {
    post: {
      ...{ operationId: 'I3xSync', summary: 'Updates, acknowledging those before', gives: 'I3xResult' },
      takes: ['I3xSync', { ...ofSubscription, lastSequenceNumber: 1 }]
    }
  }),
  stream: endpoint('/subscriptions/stream', {
    post: {
      ...{ operationId: 'I3xStream', summary: 'Updates as Server-Sent Events', gives: 'I3xResult' },
      takes: ['I3xSync', ofSubscription]
    }
  })
} as const
