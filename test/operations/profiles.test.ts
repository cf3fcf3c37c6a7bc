import t from 'tap'
import { operationsOf, profiles, profiles32, profilesServedBy, profileUri } from '../../src/operations/profiles.ts'
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

/** What release 3.2 has beside the profiles of 3.1, as they are, by profile; each also has GET /description. */
const added32: Readonly<Record<string, readonly string[]>> = {
  'AasxFileServerServiceSpecification/SSP-002': [
    'POST /packages-async',
    'GET /packages-async/{handleId}',
    'GET /packages-async/result/{handleId}'
  ],
  'AssetAdministrationShellRegistryServiceSpecification/SSP-001': ['GET /shell-descriptors/$recent-changes'],
  'AssetAdministrationShellRepositoryServiceSpecification/SSP-001': ['GET /shells/$recent-changes'],
  'AssetAdministrationShellRepositoryServiceSpecification/SSP-004': ['GET /shells/{aasIdentifier}/$signed'],
  'AssetAdministrationShellRepositoryServiceSpecification/SSP-005': [
    ...['GET', 'PUT', 'DELETE'].flatMap((verb) =>
      [
        '',
        '/asset-information/thumbnail',
        '/submodels/{submodelIdentifier}',
        '/submodels/{submodelIdentifier}/submodel-elements/{idShortPath}/attachment'
      ].map((path) => `${verb} /shells/{aasIdentifier}${path}`)
    ),
    'GET /shells/{aasIdentifier}/asset-information',
    'PUT /shells/{aasIdentifier}/asset-information',
    'GET /shells/{aasIdentifier}/submodel-refs',
    'POST /shells/{aasIdentifier}/submodel-refs',
    'DELETE /shells/{aasIdentifier}/submodel-refs/{submodelIdentifier}'
  ],
  'AssetAdministrationShellRepositoryServiceSpecification/SSP-006': ['GET /shells/{aasIdentifier}/$history'],
  'SubmodelRepositoryServiceSpecification/SSP-001': ['GET /submodels/$recent-changes'],
  'SubmodelRepositoryServiceSpecification/SSP-006': ['GET /submodels/{submodelIdentifier}/$signed'],
  'SubmodelRepositoryServiceSpecification/SSP-007': [
    'GET /submodels/{submodelIdentifier}/$history',
    // Our own: the values alone.
    'GET /submodels/{submodelIdentifier}/$history/$value'
  ],
  'ConceptDescriptionRepositoryServiceSpecification/SSP-001': ['GET /concept-descriptions/$recent-changes'],
  'ConceptDescriptionRepositoryServiceSpecification/SSP-003': ['GET /concept-descriptions/{cdIdentifier}/$signed']
}

t.test('the profiles of release 3.2 are those of 3.1 and what it adds, and are claimed with it', async (t) => {
  const found: Record<string, string[]> = {}
  for (const profile of [...profiles, ...profiles32]) {
    const keys = (release: '3/1' | '3/2') =>
      operationsOf(profile, release).map(({ endpoint: { verb, path } }) => `${verb} ${path}`)
    const before = profiles32.includes(profile) ? ['GET /description'] : keys('3/1')
    const added = keys('3/2').filter((key) => !before.includes(key))
    if (added.length > 0) found[`${profile.service}/${profile.number}`] = added.sort()
  }
  const expected = Object.entries(added32).map(([name, keys]) => [name, keys.toSorted()])
  t.strictSame(found, Object.fromEntries(expected))
  const claimed = homes.flatMap((home) => profilesServedBy(home)).filter((uri) => uri.includes('/API/3/2/'))
  t.strictSame(claimed.sort(), [...profiles, ...profiles32].map((profile) => profileUri(profile, '3/2')).sort())
  t.equal(claimed.length, 34)
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
    for (const profile of [...profiles, ...profiles32].filter((one) => claimed.includes(profileUri(one, '3/2')))) {
      for (const { endpoint } of operationsOf(profile, '3/2')) {
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
