/** Checks the file of a request against a profile. Its rules and readers are loaded with the first request. */
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { checkFile } from '../../operations/conformance/check-file.ts'
import { shippedProfile } from '../../operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../operations/conformance/open-file.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { withReceivedFile } from '../../operations/received-file.ts'
import { preferredLanguage } from '../../operations/report-language.ts'
import { drain } from '../http/body.ts'
import type { EndpointRequest } from '../http/extension-endpoint.ts'
import { readUpload } from '../http/upload.ts'
import type { conformanceEndpoint } from './endpoint.ts'

export async function checkUpload(
  hub: Pick<OperationContext, 'scratchFolder' | 'uploadLimit' | 'uploadSpace' | 'templates'>,
  { request, reply, params, query: parse }: EndpointRequest<(typeof conformanceEndpoint)['post']>
): Promise<FastifyReply> {
  const { profile: name, language = preferredLanguage(request.headers['accept-language']) } = parse()
  if (name === undefined)
    throw new HubError('BadRequest', ['The parameter "profile" names the rules to check, e.g. kosmo'])
  const profile = shippedProfile(name)
  let upload: FileUpload | undefined
  try {
    const received = await readUpload(request, params)
    upload = received
    const report = await withReceivedFile(hub, received, (_folder, path) =>
      withInspectedFile(path, received, (file) => checkFile(file, profile, language, hub))
    )
    return reply.header('cache-control', 'no-store').header('content-language', language).send(report)
  } finally {
    drain(request, upload)
  }
}
