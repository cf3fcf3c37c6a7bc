/** Repairs the file of a request by a profile, and sends the file, the report, or both. */
import { join } from 'node:path'
import type { FastifyReply } from 'fastify'
import { encodeId } from '../../model/identifier.ts'
import type { ConceptDescription } from '../../model/types.ts'
import type { FileUpload } from '../../operations/api-request.ts'
import { checkReceived } from '../../operations/conformance/check-thread.ts'
import type { ConceptDictionary } from '../../operations/conformance/repair/draft.ts'
import { repairInThread } from '../../operations/conformance/repair/repair-thread.ts'
import { withReceivedFile } from '../../operations/received-file.ts'
import { preferredLanguage } from '../../operations/report-language.ts'
import type { Access } from '../../security/access.ts'
import { ReadingView } from '../../security/reading-view.ts'
import { requestPaths } from '../../security/target.ts'
import { drain } from '../http/body.ts'
import { clientGone } from '../http/client-gone.ts'
import type { EndpointRequest } from '../http/extension-endpoint.ts'
import { readUpload } from '../http/upload.ts'
import { requiredProfile } from './check-upload.ts'
import type { ConformanceContext } from './context.ts'
import type { repairEndpoint } from './endpoint.ts'
import { sendRepaired } from './send-repaired.ts'

export async function repairUpload(
  hub: ConformanceContext,
  { request, reply, access, params, query: parse }: EndpointRequest<(typeof repairEndpoint)['post']>
): Promise<FastifyReply> {
  const {
    profile: name,
    language = preferredLanguage(request.headers['accept-language']),
    answer = 'file',
    inside
  } = parse()
  const profile = requiredProfile(name)
  const signal = clientGone(reply)
  const { turns } = hub
  let upload: FileUpload | undefined
  try {
    const received = await readUpload(request, params)
    upload = received
    const { fileName, contentType } = received
    const onRemoved = await withReceivedFile(hub, received, async (folder, path, share) => {
      const to = join(folder, 'repaired')
      const sent = { fileName, contentType }
      const job = { from: path, to, sent, profile: profile.name, ...(inside && { inside }) }
      const { count, changes } = await repairInThread(job, {
        dictionary: dictionaryFor(hub, access),
        share,
        turns,
        signal
      })
      const file = count === 0 ? path : to
      const again = { path: file, sent, profile: profile.name, language }
      const checked = await checkReceived(again, { templates: hub.templates, turns, signal })
      return sendRepaired(reply.header('content-language', language), answer, { file, count, changes, ...checked })
    })
    onRemoved?.()
    return reply
  } catch (error) {
    // The client is gone.
    if (signal.aborted) return reply.hijack()
    throw error
  } finally {
    drain(request, upload)
  }
}

/** The concept descriptions that the caller may read where they are stored, whatever a rule on `/repair` says. */
function dictionaryFor({ stored, apiPrefix }: ConformanceContext, access: Access | undefined): ConceptDictionary {
  return async (id) => {
    const routes = requestPaths(`${apiPrefix}/concept-descriptions/${encodeId(id)}`, apiPrefix)
    const store = access === undefined ? stored : new ReadingView(stored, access.at(routes), 'READ')
    const found = await store.document('ConceptDescription', id)
    return found && (JSON.parse(found.bytes.toString()) as ConceptDescription)
  }
}
