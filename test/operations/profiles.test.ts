import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { Place } from '../../src/operations/mounts.ts'
import { operationsOf, profiles, profilesServed, uriOf } from '../../src/operations/profiles.ts'

interface Official {
  readonly service: string
  readonly profile: string | null
  readonly profileUri: string
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly semanticIds: readonly string[]
}

const file = new URL('../../../shared/spec/operations-3.1.2.json', import.meta.url)
const skip = existsSync(file) ? false : 'the list of official operations is not at hand'

t.test('every official operation is offered by its profile, and nothing more', { skip }, async (t) => {
  const { operations } = JSON.parse(readFileSync(file, 'utf8')) as { operations: Official[] }
  const official = operations.filter(({ profile }) => profile !== null)
  const expected = official.map(({ profileUri, method, path, operationId, semanticIds }) =>
    line(profileUri, method, path, operationId, semanticIds)
  )
  const found = profiles.flatMap((profile) =>
    operationsOf(profile).map(({ place, operationId, semanticIds }) =>
      line(uriOf(profile), place.verb, place.path, operationId, semanticIds)
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
    t.equal(new Set(ids).size, ids.length, uriOf(profile))
  }
})

t.test('a profile is served where all its operations are there', async (t) => {
  const single = ({ path }: Place) => /^\/(aas|submodel)(\/|$)/.test(path)
  const served = profilesServed((place) => !single(place))
  t.ok(served.includes('https://admin-shell.io/aas/API/3/1/SubmodelRepositoryServiceSpecification/SSP-001'))
  t.ok(served.includes('https://admin-shell.io/aas/API/3/0/SubmodelRepositoryServiceSpecification/SSP-001'))
  t.notOk(served.some((uri) => /API\/3\/.\/SubmodelServiceSpecification/.test(uri)))
  t.notOk(
    served.some((uri) => /SubmodelRepositoryServiceSpecification\/SSP-00[34]/.test(uri)),
    '[AASa-003]'
  )
  const without = profilesServed((place) => !single(place) && place.row.name !== 'DeleteSubmodel')
  t.notOk(without.some((uri) => uri.endsWith('SubmodelRepositoryServiceSpecification/SSP-001')))
  t.ok(without.some((uri) => uri.endsWith('SubmodelRepositoryServiceSpecification/SSP-002')))
})

t.test('what came with release 3.1 is not claimed for 3.0', async (t) => {
  const served = profilesServed(() => true)
  t.notOk(served.includes('https://admin-shell.io/aas/API/3/0/SubmodelRepositoryServiceSpecification/SSP-005'))
  t.equal(served.filter((uri) => uri.includes('/API/3/0/')).length, 16)
})

function line(...parts: (string | readonly string[])[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.join(' '))).join(' | ')
}
