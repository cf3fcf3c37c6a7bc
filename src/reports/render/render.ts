/** A document in any of its formats. */
import { Readable } from 'node:stream'
import type { TimeSlice } from '../../time-slice.ts'
import type { ReportDocument } from '../document.ts'
import type { DocumentFormat } from './formats.ts'
import type { PdfOptions } from './pdf.ts'

/**
 * @param slice of the request
 * @returns the bytes; those of HTML and XLSX are made while they are read
 * @throws HubError as `renderPdf`
 */
export async function render(
  document: ReportDocument,
  format: DocumentFormat,
  slice: TimeSlice,
  options: PdfOptions
): Promise<Readable> {
  // Each with its library when it is asked for.
  if (format === 'html') {
    const { renderHtml } = await import('./html.ts')
    return Readable.from(renderHtml(document, slice), { objectMode: false })
  }
  if (format === 'xlsx') return (await import('./xlsx.ts')).renderXlsx(document, slice)
  const bytes =
    format === 'docx'
      ? await (await import('./docx-thread.ts')).renderDocxInThread(document, slice, options.signal)
      : await (await import('./pdf.ts')).renderPdf(document, slice, options)
  return Readable.from([bytes], { objectMode: false })
}
