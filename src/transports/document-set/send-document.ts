/** Answers a request for a document of a machine. */
import type { FastifyReply } from 'fastify'
import { HubError } from '../../errors.ts'
import { preferredLanguage } from '../../operations/report-language.ts'
import { type SuppliedName, suppliedDocuments, suppliedNames } from '../../reports/document-set/documents.ts'
import { gather } from '../../reports/document-set/gather.ts'
import { loadMachine } from '../../reports/document-set/machine.ts'
import { documentFileName, makeDocument } from '../../reports/document-set/make-document.ts'
import { documentFormats } from '../../reports/render/formats.ts'
import { render } from '../../reports/render/render.ts'
import { ReadingView } from '../../security/reading-view.ts'
import { type EndpointRequest, pathParameter } from '../http/extension-endpoint.ts'
import { withSlices } from '../timeseries/sliced-response.ts'
import type { documentSetEndpoints } from './endpoint.ts'
import type { DocumentSetOptions } from './options.ts'

export async function sendDocument(
  options: DocumentSetOptions,
  { request, reply, access, query: parse }: EndpointRequest<(typeof documentSetEndpoints)['document']['get']>
): Promise<FastifyReply> {
  const { hub, figures, interfaces, clock, version, chromium } = options
  const name = nameIn(pathParameter(request, 'document'))
  const {
    aasId,
    language = preferredLanguage(request.headers['accept-language']),
    format = suppliedDocuments[name].format
  } = parse()
  if (aasId === undefined) throw new HubError('BadRequest', ['The parameter "aasId" names the shell of the machine'])
  const store = access === undefined ? hub.stored : new ReadingView(hub.stored, access, 'READ')
  return withSlices(reply, async (slice, signal) => {
    const machine = await loadMachine(store, aasId, slice)
    const sources = { store, stored: hub.stored, access, figures, hub: interfaces(), version }
    const gathered = { ...sources, now: clock.milliseconds(), scratchFolder: hub.scratchFolder }
    const material = await gather(gathered, machine, name, language, slice)
    const document = makeDocument(name, material)
    const bytes = await render(document, format, slice, { chromium, signal })
    const fileName = documentFileName(name, machine, language, format)
    return reply
      .type(documentFormats[format])
      .headers({
        'cache-control': 'no-store',
        'content-language': language,
        'content-disposition': `${format === 'html' ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(fileName)}`,
        ...(format === 'html' && { 'content-security-policy': PAGE_POLICY })
      })
      .send(bytes)
  })
}

/** A document has a style sheet of its own and nothing else. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"

/** @throws HubError `NotFound` */
function nameIn(text: string): SuppliedName {
  const name = suppliedNames.find((one) => one === text)
  if (name === undefined) throw new HubError('NotFound', ['A document', text])
  return name
}
