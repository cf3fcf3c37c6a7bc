/** Declarations of `/certificates`. */
import { documentText, type ExtensionEndpoint, type ExtensionOperation } from '../http/extension-endpoint.ts'
import { ref } from '../http/openapi-schemas.ts'

const thumbprint = {
  thumbprint: documentText('SHA-1 in hexadecimal, as in the list', '3f2a9c04d1b7e86512f0a4c39be7d05f6a18c2e9')
}

const CERTIFICATE = { 'application/json': { schema: ref('MachineCertificate') } } as const

/** PEM of no certificate of use. */
const EXAMPLE = '-----BEGIN CERTIFICATE-----\nMIIB…\n-----END CERTIFICATE-----\n'

const listEndpoint = {
  path: '/certificates',
  below: 'hub',
  get: {
    operationId: 'GetCertificates',
    right: 'READ',
    tag: 'Hub',
    summary: 'Certificates by which the hub and the machines that it reads know each other',
    description:
      'The one of the hub as an OPC UA client, those of servers that are trusted, and those that servers showed and that are not trusted. Empty where nothing is collected.',
    gives: {
      200: {
        description: 'The certificates',
        content: { 'application/json': { schema: ref('MachineCertificateList') } }
      }
    },
    refuses: ['Internal']
  },
  post: {
    operationId: 'AddCertificate',
    right: 'EXECUTE',
    tag: 'Hub',
    summary: 'Trusts or rejects a certificate that no server has shown yet',
    description: 'Also one of an authority: what it has certified is trusted then.',
    takes: {
      'application/json': {
        schema: ref('NewMachineCertificate'),
        examples: { body: { summary: 'A certificate as PEM', value: { certificate: EXAMPLE, trust: 'trusted' } } }
      }
    },
    gives: { 201: { description: 'The certificate', content: CERTIFICATE } },
    refuses: [
      ...(['BadRequest', 'Unauthorized', 'Forbidden', 'NotFound', 'TooLarge', 'UnsupportedMediaType'] as const),
      'Internal'
    ]
  }
} as const satisfies ExtensionEndpoint

const renewEndpoint = {
  path: '/certificates/renew',
  below: 'hub',
  post: {
    operationId: 'RenewCertificate',
    right: 'EXECUTE',
    tag: 'Hub',
    summary: 'Makes a new key and certificate of the hub',
    description: 'The servers have to trust it before the hub can connect to them again.',
    gives: { 200: { description: 'The new certificate', content: CERTIFICATE } },
    refuses: ['BadRequest', 'NotFound', 'Unavailable', 'Internal']
  }
} as const satisfies ExtensionEndpoint

function action(texts: Pick<ExtensionOperation, 'operationId' | 'summary' | 'description' | 'gives'>) {
  const refuses = ['BadRequest', 'NotFound', 'Internal'] as const
  return { right: 'EXECUTE', tag: 'Hub', refuses, ...texts } as const
}

const trustEndpoint = {
  path: '/certificates/{thumbprint}/trust',
  pathParameters: thumbprint,
  below: 'hub',
  post: action({
    operationId: 'TrustCertificate',
    summary: 'Trusts a certificate that was rejected',
    description:
      'Compare the thumbprint with that on the machine before. Connections that wait for it connect at once.',
    gives: { 200: { description: 'The certificate', content: CERTIFICATE } }
  })
} as const satisfies ExtensionEndpoint

const rejectEndpoint = {
  path: '/certificates/{thumbprint}/reject',
  pathParameters: thumbprint,
  below: 'hub',
  post: action({
    operationId: 'RejectCertificate',
    summary: 'Trusts a certificate no longer',
    description: 'Open connections stay until they end; stop and start them to end them now.',
    gives: { 200: { description: 'The certificate', content: CERTIFICATE } }
  })
} as const satisfies ExtensionEndpoint

const removeEndpoint = {
  path: '/certificates/{thumbprint}/remove',
  pathParameters: thumbprint,
  below: 'hub',
  post: action({
    operationId: 'RemoveCertificate',
    summary: 'Forgets a certificate of a server',
    description: 'Like one that was never shown, it is not trusted.',
    gives: { 204: { description: 'It is removed' } }
  })
} as const satisfies ExtensionEndpoint

export const certificateEndpoints = {
  list: listEndpoint,
  renew: renewEndpoint,
  trust: trustEndpoint,
  reject: rejectEndpoint,
  remove: removeEndpoint
} as const
