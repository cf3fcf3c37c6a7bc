import t from 'tap'
import { type OfficialRoute, routes } from '../conformance/operations.ts'
import { encode, type Running, start } from './harness.ts'

const AAS = encode('shell')
const SM = encode('sm')
const reference = (id: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] })
const shell = (id: string) => ({
  modelType: 'AssetAdministrationShell',
  id,
  assetInformation: {
    assetKind: 'Instance',
    globalAssetId: 'asset',
    specificAssetIds: [{ name: 'serial', value: '1' }]
  },
  submodels: [reference('sm')]
})
const property = (idShort: string) => ({ modelType: 'Property', idShort, valueType: 'xs:int', value: '1' })
const submodel = {
  modelType: 'Submodel',
  id: 'sm',
  submodelElements: [
    { modelType: 'SubmodelElementCollection', idShort: 'group', value: [property('inner')] },
    { modelType: 'File', idShort: 'doc', contentType: 'text/plain' },
    {
      modelType: 'Operation',
      idShort: 'run',
      qualifiers: [{ type: 'invocationDelegation', valueType: 'xs:string', value: 'http://127.0.0.1:1/run' }]
    }
  ]
}
const descriptor = (id: string) => ({
  id,
  endpoints: [{ interface: 'SUBMODEL-3.1', protocolInformation: { href: 'https://x/sm' } }]
})
const anyQuery = { $condition: { $boolean: true } }

function form(): FormData {
  const data = new FormData()
  data.append('file', new Blob(['bytes'], { type: 'text/plain' }), 'a.txt')
  return data
}

/** What is stored before each operation is asked for, so that each finds what it needs. */
async function prepare(hub: Running, handles: Map<string, string>): Promise<void> {
  await hub.put(`/shells/${AAS}`, shell('shell'))
  await hub.put(`/submodels/${SM}`, submodel)
  await hub.put(`/submodels/${SM}/submodel-elements/doc/attachment`, form())
  await hub.put(`/shells/${AAS}/asset-information/thumbnail`, form())
  await hub.put(`/concept-descriptions/${encode('cd')}`, { modelType: 'ConceptDescription', id: 'cd' })
  await hub.put(`/shell-descriptors/${encode('far')}`, { id: 'far', submodelDescriptors: [descriptor('sm')] })
  await hub.put(`/submodel-descriptors/${encode('far')}`, descriptor('far'))
  await hub.post(`/lookup/shells/${AAS}`, [{ name: 'serial', value: '1' }])
  await hub.put(`/packages/${encode('p')}`, form())
  for (const id of ['new', 'new2']) {
    for (const list of ['shells', 'submodels', 'concept-descriptions', 'shell-descriptors', 'submodel-descriptors']) {
      await hub.remove(`/${list}/${encode(id)}`)
    }
  }
  if (handles.size > 0) return
  const job = await hub.post('/bulk/submodel-descriptors', [])
  handles.set('bulk', job.headers.get('location')?.split('/').at(-1) ?? '')
  const run = await hub.post(`/submodels/${SM}/submodel-elements/run/invoke-async`, {})
  handles.set('operation', run.headers.get('location')?.split('/').at(-1) ?? '')
}

/** A valid body for a method and path. */
function bodyOf({ method, path, body }: OfficialRoute): unknown {
  if (body.has('multipart/form-data')) return form()
  if (body.size === 0) return undefined
  const end = path.replace(/^.*\/submodels\/\{submodelIdentifier\}|^\/submodel(?=\/|$)/, 'SM')
  const creates = method === 'POST'
  if (path.startsWith('/bulk/'))
    return method === 'DELETE' ? ['far'] : method === 'PUT' ? [descriptor('far')] : [descriptor('new')]
  if (path.startsWith('/query/')) return anyQuery
  if (path === '/lookup/shellsByAssetLink' || path.startsWith('/lookup/')) return [{ name: 'serial', value: '1' }]
  if (path.startsWith('/shell-descriptors')) {
    if (path.includes('submodel-descriptors')) return descriptor(creates ? 'new' : 'sm')
    return { id: creates ? 'new' : 'far' }
  }
  if (path.startsWith('/submodel-descriptors')) return descriptor(creates ? 'new' : 'far')
  if (path.startsWith('/concept-descriptions')) return { modelType: 'ConceptDescription', id: creates ? 'new' : 'cd' }
  if (path.endsWith('/submodel-refs')) return reference('new')
  if (path.endsWith('/asset-information')) return shell('shell').assetInformation
  if (path.includes('/invoke')) return {}
  if (end === 'SM/$metadata') return { modelType: 'Submodel', id: 'sm' }
  if (end === 'SM/$value') return { group: { inner: 2 } }
  if (end === 'SM') return submodel
  if (end.endsWith('{idShortPath}/$metadata')) return { modelType: 'SubmodelElementCollection', idShort: 'group' }
  if (end.endsWith('{idShortPath}/$value')) return { inner: 3 }
  if (end.startsWith('SM/submodel-elements')) return creates ? property('added') : submodel.submodelElements[0]
  if (path === '/submodels') return { modelType: 'Submodel', id: 'new' }
  return shell(path === '/shells' ? 'new' : 'shell')
}

/** The address of an operation with what is stored; the interfaces of one asset lie below its own service. */
function addressOf({ path }: OfficialRoute, handles: Map<string, string>): string {
  const base = /^\/aas(\/|$)/.test(path)
    ? `/aas-services/${AAS}`
    : /^\/submodel(\/|$)/.test(path)
      ? `/submodel-services/${SM}`
      : ''
  const element = path.includes('attachment') ? 'doc' : /invoke|operation-/.test(path) ? 'run' : 'group'
  const registry = path.startsWith('/shell-descriptors') || path.startsWith('/submodel-descriptors')
  return (base + path)
    .replace('{aasIdentifier}', registry ? encode('far') : AAS)
    .replace('{submodelIdentifier}', path.startsWith('/submodel-descriptors') ? encode('far') : SM)
    .replace('{cdIdentifier}', encode('cd'))
    .replace('{packageId}', encode('p'))
    .replace('{idShortPath}', element)
    .replace('{handleId}', handles.get(path.startsWith('/bulk') ? 'bulk' : 'operation') ?? '')
}

t.test('each of the 224 operations of the standard answers a valid request with a status that it lists', async (t) => {
  const hub = await start(t, { OPERATION_TARGETS: 'http://127.0.0.1:1' })
  const handles = new Map<string, string>()
  t.equal(routes.length, 224)
  let isPrepared = false
  for (const route of routes) {
    if (!isPrepared) await prepare(hub, handles)
    isPrepared = route.method === 'GET'
    const address = addressOf(route, handles)
    const reply = await hub.ask(route.method, address, bodyOf(route))
    const name = `${route.method} ${route.path}`
    const listed = route.successStatuses.has(String(reply.status))
    t.ok(
      listed,
      `${name}: ${reply.status}, listed ${[...route.successStatuses]} ${listed ? '' : reply.text.slice(0, 200)}`
    )
    if (reply.status === 200 && reply.text !== '' && !/attachment|thumbnail|\/packages\/\{/.test(route.path)) {
      t.match(reply.headers.get('content-type'), /^application\/json/, name)
    }
  }
})
