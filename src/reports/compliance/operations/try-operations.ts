/** Sends every operation of the standard, and puts back what one has changed before the next one. */
import { type ApiEndpoint, endpoints } from '../../../operations/mounts.ts'
import type { Asked, Examiner } from '../examiner/examiner.ts'
import { formWith } from '../examiner/form-data.ts'
import type { ScratchDocuments } from '../examiner/scratch-documents.ts'
import { addressOf, contentOf, invocationOf, packageForm, TEXT_FILE, type Trial } from './requests.ts'

/** Those of the standard, release 3.1: method and path each. */
export const standardEndpoints = endpoints.filter(({ definition }) => !definition.own && !definition.since32)
/** What release 3.2 adds; the values of `$history` alone are the hub's own. */
export const endpoints32 = endpoints.filter(({ definition, content }) => definition.since32 && content === 'normal')

export interface TriedOperation {
  readonly endpoint: ApiEndpoint
  readonly asked: Asked
}

/** Of an asynchronous job, which is done in milliseconds. */
const MAX_STATUS_REQUESTS = 100

export class OperationTrial {
  readonly #examiner: Examiner
  readonly #documents: ScratchDocuments
  readonly #trial: Trial
  readonly #encoded: ScratchDocuments['encoded'] = (name) => this.#documents.encoded(name)

  constructor(examiner: Examiner, documents: ScratchDocuments) {
    this.#examiner = examiner
    this.#documents = documents
    this.#trial = { documents, packaged: Buffer.from('not packed yet'), created: 0 }
  }

  /** @returns the answers that did not store what is needed; none where all is well */
  async prepare(): Promise<readonly Asked[]> {
    const documents = this.#documents
    const encoded = this.#encoded
    const stored = [
      await this.#put(`submodels/${encoded('submodel')}`, documents.submodel()),
      await this.#put(`submodels/${encoded('series')}`, documents.series()),
      await this.#put(`shells/${encoded('shell')}`, documents.shell()),
      await this.#put(`concept-descriptions/${encoded('concept')}`, documents.concept()),
      await this.#put(`shell-descriptors/${encoded('far')}`, documents.shellDescriptor('far')),
      await this.#put(`submodel-descriptors/${encoded('far')}`, documents.submodelDescriptor('far')),
      await this.#examiner.send('POST', `~/lookup/shells/${encoded('shell')}`, documents.assetLinks)
    ]
    const packed = await this.#examiner.get(
      `~/serialization?aasIds=${encoded('shell')}&submodelIds=${encoded('submodel')}&includeConceptDescriptions=false`,
      { accept: 'application/asset-administration-shell-package+xml' }
    )
    if (packed.status === 200) this.#trial.packaged = packed.body
    stored.push(packed, await this.#putPackage())
    this.#trial.bulk = handleOf(await this.#examiner.send('POST', '~/bulk/submodel-descriptors', []))
    const invoke = `~/submodels/${encoded('series')}/submodel-elements/ReadRecords/invoke-async`
    this.#trial.invocation = handleOf(await this.#examiner.send('POST', invoke, invocationOf('normal')))
    const upload = await this.#examiner.ask('POST', '~/packages-async', packageForm(this.#trial))
    this.#trial.upload = handleOf(upload)
    return stored.filter(({ status }) => status >= 300)
  }

  async *all(): AsyncGenerator<TriedOperation> {
    for (const endpoint of [...standardEndpoints, ...endpoints32]) {
      await this.#before(endpoint)
      const path = `~${addressOf(endpoint, this.#trial)}`
      const content = contentOf(endpoint, this.#trial)
      const asked = await this.#examiner.ask(endpoint.verb, path, content, {
        repeatable: endpoint.definition.name === 'GetSelfDescription'
      })
      yield { endpoint, asked }
      if (asked.status === 202) await this.#finished(asked)
      await this.#restore(endpoint)
    }
  }

  /** Files and jobs, which other operations drop. */
  async #before({ path, verb }: ApiEndpoint): Promise<void> {
    if (verb === 'PUT') return
    const encoded = this.#encoded
    if (path.endsWith('/attachment'))
      await this.#examiner.ask(
        'PUT',
        `~/submodels/${encoded('submodel')}/submodel-elements/doc/attachment`,
        formWith(TEXT_FILE)
      )
    if (path.endsWith('/thumbnail'))
      await this.#examiner.ask('PUT', `~/shells/${encoded('shell')}/asset-information/thumbnail`, formWith(TEXT_FILE))
    if (path.includes('/operation-results/') || path.includes('/result/')) await this.#settled(path)
  }

  async #restore({ verb, mount, definition }: ApiEndpoint): Promise<void> {
    if (definition.on === 'Bulk' && verb !== 'GET') return this.#restoreDescriptors(definition.path)
    if (verb === 'POST') return this.#removeCreated(definition.on)
    if (verb !== 'DELETE') return
    const encoded = this.#encoded
    const documents = this.#documents
    switch (definition.on) {
      case 'Shell':
        await this.#put(`shells/${encoded('shell')}`, documents.shell())
        return
      case 'Submodel':
        await this.#put(`submodels/${encoded('submodel')}`, documents.submodel())
        // Below a shell its reference is deleted, too.
        if (mount.path.includes('submodels/')) await this.#put(`shells/${encoded('shell')}`, documents.shell())
        return
      case 'ConceptDescription':
        await this.#put(`concept-descriptions/${encoded('concept')}`, documents.concept())
        return
      case 'ShellDescriptor':
        await this.#put(`shell-descriptors/${encoded('far')}`, documents.shellDescriptor('far'))
        return
      case 'SubmodelDescriptor':
        await this.#put(`submodel-descriptors/${encoded('far')}`, documents.submodelDescriptor('far'))
        return
      case 'Discovery':
        await this.#examiner.send('POST', `~/lookup/shells/${encoded('shell')}`, documents.assetLinks)
        return
      case 'Package':
        await this.#putPackage()
    }
  }

  async #removeCreated(on: ApiEndpoint['definition']['on']): Promise<void> {
    const list = CREATING[on]
    if (list !== undefined) await this.#remove(`${list}/${this.#encoded('new')}`)
  }

  async #restoreDescriptors(list: string): Promise<void> {
    const encoded = this.#encoded
    const path = list.slice(1)
    await this.#remove(`${path}/${encoded('new')}`)
    const far =
      path === 'shell-descriptors' ? this.#documents.shellDescriptor('far') : this.#documents.submodelDescriptor('far')
    await this.#put(`${path}/${encoded('far')}`, far)
  }

  #put(path: string, body: object): Promise<Asked> {
    return this.#examiner.send('PUT', `~/${path}`, body)
  }

  #putPackage(): Promise<Asked> {
    return this.#examiner.ask('PUT', `~/packages/${this.#encoded('package')}`, packageForm(this.#trial))
  }

  async #remove(path: string): Promise<void> {
    await this.#examiner.ask('DELETE', `~/${path}`)
  }

  /** Waits for the job of an answer, so that it changes nothing later on. */
  async #finished({ headers, exchange }: Asked): Promise<void> {
    const location = new URL(headers.location ?? '', `http://hub${exchange.request.path}`).pathname
    await this.#waitFor(location)
  }

  async #settled(path: string): Promise<void> {
    const encoded = this.#encoded
    const { bulk, invocation, upload } = this.#trial
    const location = path.startsWith('/bulk/')
      ? `~/bulk/status/${bulk}`
      : path.startsWith('/packages-async/')
        ? `~/packages-async/${upload}`
        : `~/submodels/${encoded('series')}/submodel-elements/ReadRecords/operation-status/${invocation}`
    await this.#waitFor(location)
  }

  async #waitFor(location: string): Promise<void> {
    for (let count = 0; count < MAX_STATUS_REQUESTS; count++) {
      const { status } = await this.#examiner.get(location)
      if (status !== 200) return
      await this.#examiner.clock.sleep(Math.min(count, MAX_STATUS_INTERVAL_MS))
    }
  }
}

/** Where an interface creates documents. */
const CREATING: Readonly<Partial<Record<ApiEndpoint['definition']['on'], string>>> = {
  Shells: 'shells',
  Submodels: 'submodels',
  ConceptDescriptions: 'concept-descriptions',
  ShellDescriptors: 'shell-descriptors',
  SubmodelDescriptors: 'submodel-descriptors'
}

const MAX_STATUS_INTERVAL_MS = 20

function handleOf({ headers }: Asked): string {
  return headers.location?.split('/').at(-1) ?? ''
}
