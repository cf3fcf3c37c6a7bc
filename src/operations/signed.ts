/** GET …/$signed (Part 2, release 3.2): a document as the caller may read it, as a compact JWS with the hub's key. */
import { HubError } from '../errors.ts'
import { type DocumentClass, get } from './documents.ts'
import type { OperationHandler } from './operation-context.ts'

export function getSigned(
  kind: DocumentClass,
  parameter: 'aasIdentifier' | 'submodelIdentifier' | 'cdIdentifier'
): OperationHandler {
  return async (context, request) => {
    const { bytes } = await get(context, kind, request[parameter] ?? '')
    const { current: sign } = context.signer
    if (sign === undefined) throw new HubError('Unavailable', ['There is no key to sign with'])
    return { status: 200, bytes: await sign(bytes), contentType: 'text/plain' }
  }
}
