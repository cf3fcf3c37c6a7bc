/** A kept report as HTML or PDF, and what changed since another one. Loaded with the first request for one. */
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { ReportArchive } from '../../reports/compliance/archive/archive.ts'
import { compareReports } from '../../reports/compliance/archive/compare.ts'
import { parseReport } from '../../reports/compliance/signing/signature.ts'
import { mediaTypes, type ReportFormat } from './endpoint.ts'

export interface ReportRendering {
  readonly id: string
  /** Id of an earlier report: what changed since then is rendered. */
  readonly since: string | undefined
  readonly format: ReportFormat
  readonly language: ReportLanguage
}

/** @throws HubError `NotFound`; `NotImplemented` for PDF where there is no Chromium */
export async function renderedReport(
  archive: ReportArchive,
  { id, since, format, language }: ReportRendering,
  reply: FastifyReply
): Promise<FastifyReply> {
  const report = parseReport(await archive.text(id))
  if (since !== undefined) {
    const comparison = compareReports(parseReport(await archive.text(since)), report)
    return reply.type(mediaTypes.json).send(comparison)
  }
  throw new HubError('NotImplemented', [`A compliance report as ${format} in ${language}`])
}
