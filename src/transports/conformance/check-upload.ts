/** Checks the file of a request against a profile. */
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { checkFile } from '../../operations/conformance/check-file.ts'
import { shippedProfile } from '../../operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../operations/conformance/open-file.ts'
import type { Profile } from '../../operations/conformance/profile.ts'
import { withReceivedFile } from '../../operations/received-file.ts'
import { preferredLanguage } from '../../operations/report-language.ts'
import { drain } from '../http/body.ts'
import type { EndpointRequest } from '../http/extension-endpoint.ts'
import { readUpload } from '../http/upload.ts'
import type { ConformanceContext } from './context.ts'
import type { conformanceEndpoint } from './endpoint.ts'
import { contentOf } from './file-content.ts'

export async function checkUpload(
  hub: ConformanceContext,
  { request, reply, params, query: parse }: EndpointRequest<(typeof conformanceEndpoint)['post']>
): Promise<FastifyReply> {
  const { profile: name, language = preferredLanguage(request.headers['accept-language']) } = parse()
  const profile = requiredProfile(name)
  let upload: FileUpload | undefined
  try {
    const received = await readUpload(request, params)
    upload = received
    const report = await withReceivedFile(hub, received, (_folder, path) =>
      withInspectedFile(path, received, async (file) => ({
        ...(await checkFile(file, profile, language, hub)),
        content: contentOf(file)
      }))
    )
    return reply.header('cache-control', 'no-store').header('content-language', language).send(report)
  } finally {
    drain(request, upload)
  }
}

/** @throws HubError `BadRequest` */
export function requiredProfile(name: string | undefined): Profile {
  if (name === undefined)
    throw new HubError('BadRequest', ['The parameter "profile" names the rules to check, e.g. kosmo'])
  return shippedProfile(name)
}
