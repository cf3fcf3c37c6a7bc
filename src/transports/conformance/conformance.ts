/** `POST /validate`: checks a file against a profile of rules. Nothing of it is stored. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { checkFile } from '../../operations/conformance/check-file.ts'
import { preferredLanguage } from '../../operations/conformance/checks/texts.ts'
import { shippedProfile } from '../../operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../operations/conformance/open-file.ts'
import type { OperationContext } from '../../operations/operation-context.ts'
import { withReceivedFile } from '../../operations/received-file.ts'
import { acceptFiles, drain } from '../http/body.ts'
import { type EndpointRequest, serve } from '../http/extension-endpoint.ts'
import { readUpload } from '../http/upload.ts'
import { conformanceEndpoint } from './endpoint.ts'

export interface ConformanceRoutesOptions {
  readonly hub: Pick<OperationContext, 'scratchFolder' | 'uploadLimit' | 'templates'>
  readonly apiPrefix: string
}

/** All documents of a file are in memory while it is checked. */
const MAX_CHECKS = 2

export async function conformance(app: FastifyInstance, { hub, apiPrefix }: ConformanceRoutesOptions): Promise<void> {
  const checks = { inProgress: 0 }
  await app.register(async (scope) => {
    await acceptFiles(scope)
    serve(scope, apiPrefix, conformanceEndpoint, {
      post: async (received) => {
        if (checks.inProgress >= MAX_CHECKS)
          throw new HubError('Unavailable', [`${MAX_CHECKS} files are being checked already; try again in a moment`])
        checks.inProgress++
        try {
          return await check(hub, received)
        } finally {
          checks.inProgress--
        }
      }
    })
  })
}

async function check(
  hub: ConformanceRoutesOptions['hub'],
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
