/** `/compliance`: the hub examines itself; its reports are kept, shown, compared and deleted. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubError } from '../../errors.ts'
import { preferredLanguage } from '../../operations/report-language.ts'
import type { ReportArchive } from '../../reports/compliance/archive/archive.ts'
import type { Examinations } from '../../reports/compliance/runs/examinations.ts'
import type { SigningKeys } from '../../reports/compliance/signing/signing-keys.ts'
import type { AuditTrail } from '../../security/audit-trail.ts'
import { recordedCaller } from '../http/audit.ts'
import { ignoreBodies } from '../http/body.ts'
import { type EndpointRequest, pathParameter, serve } from '../http/extension-endpoint.ts'
import { readAccept } from '../http/headers.ts'
import { complianceEndpoints, mediaTypes, type ReportFormat, reportFormats } from './endpoint.ts'

export interface ComplianceServices {
  readonly examinations: Examinations
  readonly archive: ReportArchive
  readonly keys: SigningKeys
}

export interface ComplianceRoutesOptions extends ComplianceServices {
  readonly audit: AuditTrail
  /** The setting `CHROMIUM`; '' for the usual places. */
  readonly chromium: string
}

/** When a client should ask again for an examination that is running. */
const RETRY_AFTER_S = 1
const KEYS_MAX_AGE_S = 300

export async function compliance(app: FastifyInstance, options: ComplianceRoutesOptions): Promise<void> {
  await app.register(async (scope) => {
    ignoreBodies(scope)
    serveReports(scope, options)
    serveKeys(scope, options)
  })
}

function serveReports(app: FastifyInstance, options: ComplianceRoutesOptions): void {
  const { examinations, archive, audit } = options
  serve(app, '', complianceEndpoints.reports, {
    get: async ({ reply }) => {
      const running = await examinations.running()
      reply.header('cache-control', 'no-store')
      return { result: await archive.list(), ...(running !== undefined && { running }) }
    },
    post: async ({ request, reply }) => {
      const running = await examinations.start({ startedBy: recordedCaller(request).name })
      return reply.code(202).header('location', `/compliance/${running.id}`).send(running)
    }
  })
  serve(app, '', complianceEndpoints.report, {
    get: (received) => sendReport(options, received),
    delete: async ({ request, reply }) => {
      const id = pathParameter(request, 'id')
      const wasRunning = await examinations.cancel(id)
      const changes = auditOf(audit, 'DeleteComplianceReport', id, request)
      await archive.remove(id, changes).catch((error: unknown) => {
        if (!wasRunning) throw error
      })
      return reply.code(204).send()
    }
  })
}

function serveKeys(app: FastifyInstance, { keys, audit }: ComplianceRoutesOptions): void {
  serve(app, '', complianceEndpoints.jwks, {
    get: async ({ reply }) => {
      reply.header('cache-control', `max-age=${KEYS_MAX_AGE_S}`)
      return { keys: await keys.published() }
    }
  })
  serve(app, '', complianceEndpoints.signingKeys, {
    post: async ({ request, reply }) => {
      const more = (id: string) => auditOf(audit, 'RotateSigningKey', id, request)
      return reply.code(201).send((await keys.rotate(more)).publicKey)
    }
  })
}

async function sendReport(
  { examinations, archive, chromium }: ComplianceRoutesOptions,
  { request, reply, query }: EndpointRequest<(typeof complianceEndpoints)['report']['get']>
): Promise<FastifyReply> {
  const id = pathParameter(request, 'id')
  const running = await examinations.running()
  reply.header('cache-control', 'no-store')
  if (running?.id === id) return reply.code(202).header('retry-after', RETRY_AFTER_S).send(running)
  const failure = await examinations.failureOf(id)
  if (failure !== undefined) throw new HubError('Unavailable', [`The examination failed: ${failure}`])
  const {
    format = acceptedFormat(request),
    language = preferredLanguage(request.headers['accept-language']),
    since
  } = query()
  if (format === 'json' && since === undefined) {
    const { bytes, content } = await archive.open(id)
    return reply.type(mediaTypes.json).header('content-length', bytes).send(content)
  }
  const { renderedReport } = await import('./rendered-report.ts')
  return renderedReport(
    archive,
    { id, since, format, language, chromium: chromium === '' ? undefined : chromium },
    reply
  )
}

/** @throws HubError `NotAcceptable` */
function acceptedFormat({ headers }: FastifyRequest): ReportFormat {
  for (const type of readAccept(headers.accept).types) {
    if (type === '*/*' || type === 'application/*') return 'json'
    if (type === 'text/*') return 'html'
    const found = reportFormats.find((format) => mediaTypes[format] === type)
    if (found !== undefined) return found
  }
  throw new HubError('NotAcceptable', [Object.values(mediaTypes).join(', ')])
}

function auditOf(audit: AuditTrail, operation: string, subject: string, request: FastifyRequest) {
  return audit.changesForEvent({ operation, subject, outcome: 'done', caller: recordedCaller(request) })
}
