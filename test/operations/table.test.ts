import t from 'tap'
import { type ApiEndpoint, aliasPathsOf, endpoints, mounts, queryParametersOf } from '../../src/operations/mounts.ts'
import { table } from '../../src/operations/table.ts'
import type { RequiredRight } from '../../src/security/rights.ts'
import { operations, routes } from '../conformance/operations.ts'

const own = endpoints.filter(({ definition }) => definition.own)
const later = endpoints.filter(({ definition }) => definition.since32)
const standard = endpoints.filter(({ definition }) => !definition.own && !definition.since32)
const keyOf = ({ verb, path }: ApiEndpoint) => `${verb} ${path}`

/**
 * Where the table deliberately differs from the official documents, with the reason. What is offered beyond a
 * document is a superset of it; what is left out has no meaning.
 */
const differences: readonly {
  readonly why: string
  readonly rows: RegExp
  readonly left?: readonly string[]
  readonly added?: readonly string[]
}[] = [
  { why: 'level means nothing when writing (4.3)', rows: /^(PATCH|PUT) /, left: ['level'] },
  { why: 'level is deprecated on $reference (section 1)', rows: /^GET .*\/\$reference$/, left: ['level'] },
  { why: 'extent means nothing to paths (4.3)', rows: /^GET .*\/\$path$/, left: ['extent'] },
  { why: 'extent belongs to every value (4.3)', rows: /^GET \/(shells|aas)\/.*\/\$value$/, added: ['extent'] },
  { why: 'DELETE thumbnail answers 204; 200 is deprecated (section 8)', rows: /^DELETE .*\/thumbnail$/, left: ['200'] },
  {
    why: 'the text of release 3.2 filters the registry by time and asset',
    rows: /^GET \/shell-descriptors$/,
    added: ['assetIds', 'createdFrom', 'updatedFrom']
  },
  {
    why: 'exports may be of release 3.0, and packages may hold JSON (Part 5)',
    rows: /^GET \/serialization$/,
    added: ['version', 'application/asset-administration-shell-package+json']
  }
]

t.test('rows, mounts and contents make exactly the official methods and paths', async (t) => {
  const expected = routes.map(({ method, path }) => `${method} ${path}`)
  t.equal(expected.length, 224)
  t.strictSame(standard.map(keyOf).sort(), expected.sort())
})

t.test('release 3.2 adds recent changes, the history, signed documents and asynchronous packages', async (t) => {
  t.strictSame(later.map(keyOf).sort(), [
    'GET /concept-descriptions/$recent-changes',
    'GET /concept-descriptions/{cdIdentifier}/$signed',
    'GET /packages-async/result/{handleId}',
    'GET /packages-async/{handleId}',
    'GET /shell-descriptors/$recent-changes',
    'GET /shells/$recent-changes',
    'GET /shells/{aasIdentifier}/$history',
    'GET /shells/{aasIdentifier}/$signed',
    'GET /submodels/$recent-changes',
    'GET /submodels/{submodelIdentifier}/$history',
    // Our own: the values alone.
    'GET /submodels/{submodelIdentifier}/$history/$value',
    'GET /submodels/{submodelIdentifier}/$signed',
    'POST /packages-async'
  ])
})

t.test('parameters, statuses and media types are the official ones, but for differences with a reason', async (t) => {
  const byKey = new Map(standard.map((endpoint) => [keyOf(endpoint), endpoint]))
  const used = new Set<string>()
  for (const official of operations) {
    const key = `${official.method} ${official.path}`
    const endpoint = byKey.get(key)
    if (endpoint === undefined) return t.fail(key)
    const compare = (what: string, ours: readonly string[], theirs: readonly string[]) => {
      const reasons = differences.filter(({ rows }) => rows.test(key))
      const left = theirs.filter((one) => !ours.includes(one))
      const added = ours.filter((one) => !theirs.includes(one))
      for (const one of left) excuse(one, 'left')
      for (const one of added) excuse(one, 'added')

      function excuse(one: string, how: 'left' | 'added'): void {
        const reason = reasons.find((reason) => reason[how]?.includes(one))
        if (reason === undefined) t.fail(`${official.profile} ${key}: ${what} ${one} is ${how}`)
        else used.add(reason.why)
      }
    }
    compare('parameter', queryParametersOf(endpoint), official.queryParams)
    compare('status', endpoint.success.map(String), official.successStatuses)
    compare('body', bodyOf(endpoint), official.body)
    const status = endpoint.success[0] === 204 || (endpoint.verb === 'PUT' && official.successStatuses[0] === '204')
    if (!status && !endpoint.path.endsWith('/thumbnail')) compare('answer', mediaOf(endpoint), official.answer)
  }
  t.strictSame([...used].sort(), differences.map(({ why }) => why).sort(), 'every difference is still one')
})

t.test('operation names are unique', async (t) => {
  t.equal(new Set(table.map(({ name }) => name)).size, table.length)
})

t.test('method and path belong to one operation, in every spelling', async (t) => {
  const keys = endpoints.flatMap((endpoint) =>
    [endpoint.path, ...aliasPathsOf(endpoint)].map((path) => `${endpoint.verb} ${path}`)
  )
  t.equal(new Set(keys).size, keys.length)
})

t.test('every interface is mounted somewhere, and rows left out of a mount are rows of its interface', async (t) => {
  for (const { name, on } of table) {
    t.ok(
      mounts.some((mount) => mount.on === on),
      name
    )
  }
  for (const { on, without = [], path } of mounts) {
    for (const name of without) t.equal(table.find((row) => row.name === name)?.on, on, `${name} ${path}`)
  }
})

t.test('the right follows from the verb, except for invocations, queries and checks by POST', async (t) => {
  const usual = { GET: ['READ', 'VIEW'], POST: ['CREATE'], PUT: ['UPDATE'], PATCH: ['UPDATE'], DELETE: ['DELETE'] }
  const expected = (verb: keyof typeof usual, right: RequiredRight) =>
    typeof right === 'object' && 'present' in right
      ? right.absent === 'CREATE' && right.present === 'UPDATE' && (verb === 'PUT' || verb === 'POST')
      : usual[verb].includes(String(right))
  const unusual = table.filter(({ verb, right }) => !expected(verb, right)).map(({ name }) => name)
  t.strictSame(unusual, [
    'InvokeOperationSync',
    'InvokeOperationAsync',
    'GetOperationAsyncStatus',
    'GetOperationAsyncResult',
    'SearchAllAssetAdministrationShellIdsByAssetLink',
    'QueryAssetAdministrationShells',
    'QuerySubmodels',
    'QueryConceptDescriptions',
    'QueryAssetAdministrationShellDescriptors',
    'QuerySubmodelDescriptors',
    'GetAasxAsyncStatus',
    'GetAasxAsyncResult',
    'CheckAssetAdministrationShell',
    'CheckSubmodel',
    'CheckConceptDescription',
    'CheckUpload'
  ])
})

t.test('the hub has few extensions', async (t) => {
  t.strictSame(own.map(keyOf), [
    'POST /upload',
    'POST /check/shells',
    'POST /check/submodels',
    'POST /check/concept-descriptions',
    'POST /check/upload',
    'GET /submodels/{submodelIdentifier}/$validation',
    'GET /validation',
    'GET /submodels/{submodelIdentifier}/$schema'
  ])
})

function bodyOf({ definition }: ApiEndpoint): string[] {
  if (definition.takes === undefined) return []
  return [definition.takes === 'file' ? 'multipart/form-data' : 'application/json']
}

function mediaOf({ definition }: ApiEndpoint): readonly string[] {
  if (definition.gives === undefined) return []
  return definition.media ?? ['application/json']
}
