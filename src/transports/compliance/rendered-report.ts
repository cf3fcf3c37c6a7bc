/** A kept report as HTML or PDF, and what changed since another one. Loaded with the first request for one. */
import type { FastifyReply } from 'fastify'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { ReportArchive } from '../../reports/compliance/archive/archive.ts'
import { compareReports } from '../../reports/compliance/archive/compare.ts'
import { comparisonDocument } from '../../reports/compliance/document/comparison-document.ts'
import { complianceDocument } from '../../reports/compliance/document/compliance-document.ts'
import { parseReport } from '../../reports/compliance/signing/signature.ts'
import type { ReportDocument } from '../../reports/document.ts'
import { documentFormats } from '../../reports/render/formats.ts'
import { render } from '../../reports/render/render.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import { mediaTypes, type ReportFormat } from './endpoint.ts'

export interface ReportRendering {
  readonly id: string
  /** Id of an earlier report: what changed since then is rendered. */
  readonly since: string | undefined
  readonly format: ReportFormat
  readonly language: ReportLanguage
  /** The setting `CHROMIUM`; undefined: the usual places. */
  readonly chromium: string | undefined
}

/** @throws HubError `NotFound`; `NotImplemented` for PDF where there is no Chromium */
export async function renderedReport(
  archive: ReportArchive,
  rendering: ReportRendering,
  reply: FastifyReply
): Promise<FastifyReply> {
  const { id, since, format, language, chromium } = rendering
  const later = parseReport(await archive.text(id))
  const comparison = since === undefined ? undefined : compareReports(parseReport(await archive.text(since)), later)
  if (format === 'json') return reply.type(mediaTypes.json).send(comparison)
  const { keyId } = await archive.summary(id)
  const document: ReportDocument =
    comparison === undefined
      ? complianceDocument(later, { language, keyId, isFull: format === 'html' })
      : comparisonDocument(comparison, language)
  reply.header('content-language', language).type(documentFormats[format])
  if (format === 'html') reply.header('content-security-policy', PAGE_POLICY)
  else reply.header('content-disposition', `attachment; filename="compliance-${id}.${format}"`)
  return withSlices(reply, async (slice, signal) => {
    return reply.send(await render(document, format, slice, { chromium, signal }))
  })
}

/** It has its style within, and nothing from elsewhere. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
