import t from 'tap'
import { operationsOf, profiles, profilesServedBy, profileUri } from '../../src/operations/profiles.ts'
import { operations } from '../conformance/operations.ts'
import { start } from '../e2e/harness.ts'

t.test('every official operation is offered by its profile, and nothing more', async (t) => {
  const expected = operations.map(({ profileUri, method, path, operationId, semanticIds }) =>
    line(profileUri, method, path, operationId, semanticIds)
  )
  const found = profiles.flatMap((profile) =>
    operationsOf(profile).map(({ endpoint, operationId, semanticIds }) =>
      line(profileUri(profile), endpoint.verb, endpoint.path, operationId, semanticIds)
    )
  )
  t.equal(profiles.length, 27)
  t.equal(expected.length, 397)
  t.strictSame(
    expected.filter((one) => !found.includes(one)),
    [],
    'none is missing'
  )
  t.strictSame(
    found.filter((one) => !expected.includes(one)),
    [],
    'none is made up'
  )
  t.equal(new Set(found).size, found.length)
})

t.test('an operationId stands once in a profile', async (t) => {
  for (const profile of profiles) {
    const ids = operationsOf(profile).map(({ operationId }) => operationId)
    t.equal(new Set(ids).size, ids.length, profileUri(profile))
  }
})

const homes = ['hub', 'aas', 'submodel', 'templates'] as const

t.test('each of the 27 profiles is served at one address', async (t) => {
  const all = homes.flatMap((home) => profilesServedBy(home)).filter((uri) => uri.includes('/API/3/1/'))
  t.strictSame(all.sort(), profiles.map((profile) => profileUri(profile)).sort())
  t.equal(all.length, 27)
})

t.test('profiles added in release 3.1 are not claimed for 3.0', async (t) => {
  const older = profilesServedBy('hub').filter((uri) => uri.includes('/API/3/0/'))
  t.strictSame(
    older.map((uri) => uri.split('/').slice(-2).join(' ')),
    [
      'AasxFileServerServiceSpecification SSP-001',
      'AssetAdministrationShellRegistryServiceSpecification SSP-001',
      'AssetAdministrationShellRegistryServiceSpecification SSP-002',
      'SubmodelRegistryServiceSpecification SSP-001',
      'SubmodelRegistryServiceSpecification SSP-002',
      'DiscoveryServiceSpecification SSP-001',
      'AssetAdministrationShellRepositoryServiceSpecification SSP-001',
      'AssetAdministrationShellRepositoryServiceSpecification SSP-002',
      'SubmodelRepositoryServiceSpecification SSP-001',
      'SubmodelRepositoryServiceSpecification SSP-002',
      'ConceptDescriptionRepositoryServiceSpecification SSP-001'
    ]
  )
})

t.test('each base URL claims the profiles served there, and answers all their operations', async (t) => {
  const hub = await start(t)
  await hub.post('/submodels', { modelType: 'Submodel', id: 'urn:', kind: 'Template' })
  const addresses = {
    hub: '',
    aas: '/aas-services/dXJuOg',
    submodel: '/submodel-services/dXJuOg',
    templates: '/template-repository'
  }
  for (const home of homes) {
    const base = hub.api + addresses[home]
    const { profiles: claimed } = (await hub.ask('GET', `${base}/description`)).json as { profiles: string[] }
    t.strictSame(claimed, profilesServedBy(home), home)
    for (const profile of profiles.filter((one) => claimed.includes(profileUri(one)))) {
      for (const { endpoint } of operationsOf(profile)) {
        const { definition, verb, path } = endpoint
        const body = definition.takes === undefined ? undefined : definition.takes === 'file' ? new FormData() : {}
        const { status, json } = await hub.ask(verb, base + path.replace(/\{\w+\}/g, 'dXJuOg'), body)
        t.notOk([405, 501].includes(status), `${home}: ${verb} ${path}`)
        t.notMatch(json?.messages?.[0]?.text ?? '', /There is nothing at/, `${home}: ${verb} ${path}`)
      }
    }
  }
})

function line(...parts: (string | readonly string[])[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.join(' '))).join(' | ')
}
