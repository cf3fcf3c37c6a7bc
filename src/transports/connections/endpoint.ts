/** Declarations of `/connections`. */
import { documentText, type ExtensionEndpoint } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'

const connection = {
  connection: documentText('Id of the connection, as base64url', 'dXJuOnByZXNzOmludGVyZmFjZXMjSW50ZXJmYWNlTU9EQlVT')
}

const listEndpoint = {
  path: '/connections',
  below: 'hub',
  get: {
    operationId: 'GetConnections',
    right: 'READ',
    tag: 'Hub',
    summary: 'The machines that the hub reads, and how that goes',
    description:
      'A connection for each interface that a stored Asset Interfaces Description (IDTA 02017) describes and a Mapping Configuration (IDTA 02027) maps: state, figures, last error and next attempt, and what is wrong in the description. Only those whose description the caller may read. Empty where `COLLECT_TARGETS` is (`isCollecting` is false), and in a hub of several that does not collect. `problems` are those of mappings that lead to no interface.',
    gives: {
      200: { description: 'The connections', content: { 'application/json': { schema: ref('ConnectionList') } } }
    },
    refuses: ['Internal']
  }
} as const satisfies ExtensionEndpoint

const testEndpoint = {
  path: '/connections/{connection}/test',
  pathParameters: connection,
  below: 'hub',
  post: {
    operationId: 'TestConnection',
    right: 'EXECUTE',
    tag: 'Hub',
    summary: 'Reads each item of a connection once',
    description: 'Over a connection of its own. Nothing is stored.',
    gives: {
      200: { description: 'What was read', content: { 'application/json': { schema: ref('ConnectionTest') } } }
    },
    refuses: ['BadRequest', 'NotFound', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const stopEndpoint = {
  path: '/connections/{connection}/stop',
  pathParameters: connection,
  below: 'hub',
  post: {
    operationId: 'StopConnection',
    right: 'EXECUTE',
    tag: 'Hub',
    summary: 'Stops reading a machine',
    description: 'Until it is started, or the hub is.',
    gives: { 204: { description: 'It is stopped' } },
    refuses: ['BadRequest', 'NotFound', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const startEndpoint = {
  path: '/connections/{connection}/start',
  pathParameters: connection,
  below: 'hub',
  post: {
    operationId: 'StartConnection',
    right: 'EXECUTE',
    tag: 'Hub',
    summary: 'Starts reading a machine again',
    description: 'One that was stopped; one that waits for its next attempt connects at once.',
    gives: { 204: { description: 'It is started' } },
    refuses: ['BadRequest', 'NotFound', 'Internal']
  }
} as const satisfies ExtensionEndpoint

const discoverEndpoint = {
  path: '/connections/discover',
  below: 'hub',
  post: {
    operationId: 'DiscoverMachine',
    right: 'EXECUTE',
    tag: 'Hub',
    summary: 'Describes an OPC UA server by browsing it, or a Modbus device by the list of its registers',
    description:
      'The environment has an Asset Interfaces Description (IDTA 02017), a Mapping Configuration (IDTA 02027), the submodel for the values and concept descriptions, to be edited and uploaded; nothing is stored. Of an OPC UA server at most 5,000 nodes are listed; only addresses in `COLLECT_TARGETS` are reached. A Modbus device is not asked: `registers` has the list of its manual, of at most 2,000 rows; rows that are no register are in `problems` and left out.',
    takes: {
      'application/json': {
        schema: ref('DiscoveryRequest'),
        examples: {
          body: {
            summary: 'A server, by the best endpoint that it offers',
            value: { address: 'opc.tcp://192.168.10.9:4840', idBase: 'https://plant.example/press-4', sampling: 1 }
          },
          registers: {
            summary: 'A Modbus device, by the list of registers of its manual',
            value: {
              address: 'modbus+tcp://192.168.10.7:502',
              title: 'Press 4',
              registers: 'Name;Register;Data type;Scale;Unit\nMotor speed;0;INT16;0.1;rpm\n'
            }
          }
        }
      }
    },
    gives: { 200: { description: 'What was found', content: { 'application/json': { schema: ref('Discovery') } } } },
    refuses: [
      ...(['BadRequest', 'Unauthorized', 'Forbidden', 'TooLarge', 'UnsupportedMediaType', 'Unavailable'] as const),
      'Internal'
    ]
  }
} as const satisfies ExtensionEndpoint

export const connectionEndpoints = {
  list: listEndpoint,
  discover: discoverEndpoint,
  test: testEndpoint,
  stop: stopEndpoint,
  start: startEndpoint
} as const
