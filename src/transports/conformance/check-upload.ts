/** Checks the file of a request against a profile. */
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { checkReceived } from '../../operations/conformance/check-thread.ts'
import { shippedProfile } from '../../operations/conformance/load-profile.ts'
import type { Profile } from '../../operations/conformance/profile.ts'
import { withReceivedFile } from '../../operations/received-file.ts'
import { preferredLanguage } from '../../operations/report-language.ts'
import { drain } from '../http/body.ts'
import { clientGone } from '../http/client-gone.ts'
import type { EndpointRequest } from '../http/extension-endpoint.ts'
import { readUpload } from '../http/upload.ts'
import type { ConformanceContext } from './context.ts'
import type { conformanceEndpoint } from './endpoint.ts'

export async function checkUpload(
  hub: ConformanceContext,
  { request, reply, params, query: parse }: EndpointRequest<(typeof conformanceEndpoint)['post']>
): Promise<FastifyReply> {
  const { profile: name, language = preferredLanguage(request.headers['accept-language']) } = parse()
  const profile = requiredProfile(name)
  const signal = clientGone(reply)
  let upload: FileUpload | undefined
  try {
    const received = await readUpload(request, params)
    upload = received
    const { fileName, contentType } = received
    const { report } = await withReceivedFile(hub, received, (_folder, path) => {
      const job = { path, sent: { fileName, contentType }, profile: profile.name, language }
      return checkReceived(job, { templates: hub.templates, turns: hub.turns, signal })
    })
    return reply.header('cache-control', 'no-store').header('content-language', language).send(report)
  } catch (error) {
    // The client is gone.
    if (signal.aborted) return reply.hijack()
    throw error
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
