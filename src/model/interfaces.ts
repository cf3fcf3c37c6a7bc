/**
 * The classes of Part 2 (IDTA-01002), release 3.1.2: descriptors, endpoints, links, requests and results. Declared like
 * the metamodel; a list marked `[]` may be empty, which Part 2 allows and Part 1 does not.
 */
import type { ClassDeclaration, PrimitiveDeclaration } from './metamodel.ts'

export const interfacePrimitives = {
  Href: { json: 'string', maxLength: 2048 },
  Label128: { json: 'string', maxLength: 128 },
  anyString: { json: 'string' },
  Iso8601Duration: { json: 'string', pattern: 'duration' }
} as const satisfies Record<string, PrimitiveDeclaration>

export const interfaceEnumerations = {
  SecurityType: ['NONE', 'RFC_TLSA', 'W3C_DID']
} as const satisfies Record<string, readonly string[]>

export const interfaceClasses = {
  Descriptor: {
    abstract: true,
    has: { description: 'LangStringTextType[]', displayName: 'LangStringNameType[]', extensions: 'Extension[]' }
  },
  AssetAdministrationShellDescriptor: {
    is: ['Descriptor'],
    has: {
      administration: 'AdministrativeInformation?',
      assetKind: 'AssetKind?',
      assetType: 'Identifier?',
      endpoints: 'Endpoint[]',
      globalAssetId: 'Identifier?',
      idShort: 'IdShort?',
      id: 'Identifier',
      specificAssetIds: 'SpecificAssetId[]',
      submodelDescriptors: 'SubmodelDescriptor[]'
    }
  },
  SubmodelDescriptor: {
    is: ['Descriptor'],
    has: {
      administration: 'AdministrativeInformation?',
      endpoints: 'Endpoint+',
      idShort: 'IdShort?',
      id: 'Identifier',
      semanticId: 'Reference?',
      supplementalSemanticIds: 'Reference[]'
    }
  },
  Endpoint: { has: { interface: 'Label128', protocolInformation: 'ProtocolInformation' } },
  ProtocolInformation: {
    has: {
      href: 'Href',
      endpointProtocol: 'Label128?',
      endpointProtocolVersion: 'Label128[]',
      subprotocol: 'Label128?',
      subprotocolBody: 'Href?',
      subprotocolBodyEncoding: 'Label128?',
      securityAttributes: 'SecurityAttribute*'
    }
  },
  SecurityAttribute: { has: { type: 'SecurityType', key: 'anyString', value: 'anyString' } },
  AssetLink: { has: { name: 'LabelType', value: 'Identifier' } },
  OperationRequest: {
    has: {
      inputArguments: 'OperationVariable[]',
      inoutputArguments: 'OperationVariable[]',
      clientTimeoutDuration: 'Iso8601Duration?'
    }
  }
} as const satisfies Record<string, ClassDeclaration>
