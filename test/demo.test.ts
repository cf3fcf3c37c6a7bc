import { join } from 'node:path'
import t from 'tap'
import { BASE, plant } from '../scripts/demo/plant.ts'
import { validate } from '../src/formats/json.ts'
import { classes } from '../src/model/metamodel.ts'
import { walk } from '../src/model/walk.ts'
import { encode, start } from './e2e/harness.ts'
import { testDirectory } from './test-directory.ts'
import { until } from './until.ts'

t.test('the sample plant violates no rule of the standard', async (t) => {
  t.same(validate('Environment', JSON.parse(JSON.stringify(plant()))), [])
})

t.test('every submodel of the sample plant fulfils its template, and its Operation runs', async (t) => {
  const file = join(testDirectory(t, { 'plant.json': JSON.stringify(plant()) }), 'plant.json')
  const hub = await start(t, { PRELOAD: file, OPERATIONS: join(import.meta.dirname, '../scripts/demo/operations.ts') })
  const count = plant().submodels?.length
  // The verdicts are written in the background.
  await until(async () => (await hub.get('/validation')).json.result.length === count)
  const { result } = (await hub.get('/validation')).json
  t.equal(result.length, count)
  t.same((await hub.get('/validation?result=invalid')).json.result, [])
  const names = result.flatMap(({ template }: { template?: string }) => template ?? []).toSorted()
  t.same(names, ['HierarchicalStructures', 'Nameplate', 'Nameplate', 'TimeSeries'])

  const invoke = `/submodels/${encode(`${BASE}/sm/imm-01/control`)}/submodel-elements/StartProduction/invoke/$value`
  for (const [Quantity, Accepted] of [
    [1000, true],
    [0, false]
  ]) {
    const inputArguments = { OrderNumber: 'WO-1', Quantity }
    const reply = await hub.post(invoke, { inputArguments })
    t.match(reply, { status: 200, json: { executionState: 'Completed', outputArguments: { Accepted } } }, reply.text)
  }
})

t.test('all fourteen kinds of submodel element occur in the sample plant', async (t) => {
  const found = new Set<string>()
  for (const submodel of plant().submodels ?? []) for (const { element } of walk(submodel)) found.add(element.modelType)
  const kinds = Object.entries(classes).filter(([, declared]) => 'modelType' in declared && isElement(declared))
  t.equal(kinds.length, 14)
  for (const [kind] of kinds) t.ok(found.has(kind), kind)
})

t.test('all references of its shells resolve', async (t) => {
  const { assetAdministrationShells: shells = [], submodels = [] } = plant()
  const ids = new Set(submodels.filter(({ kind }) => kind !== 'Template').map(({ id }) => id))
  const referred = shells.flatMap(({ submodels = [] }) => submodels.map(({ keys }) => keys?.[0]?.value ?? ''))
  t.same(new Set(referred), ids)
})

function isElement(declared: { is?: readonly string[] }): boolean {
  return (declared.is ?? []).some((parent) => {
    return (
      parent === 'SubmodelElement' || isElement(classes[parent as keyof typeof classes] as { is?: readonly string[] })
    )
  })
}
