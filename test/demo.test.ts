import t from 'tap'
import { plant } from '../scripts/demo/plant.ts'
import { validate } from '../src/formats/json.ts'
import { classes } from '../src/model/metamodel.ts'
import { walk } from '../src/model/walk.ts'

t.test('the sample plant keeps every rule of the standard', async (t) => {
  t.same(validate('Environment', JSON.parse(JSON.stringify(plant()))), [])
})

t.test('all fourteen kinds of element occur in it', async (t) => {
  const found = new Set<string>()
  for (const submodel of plant().submodels ?? []) for (const { element } of walk(submodel)) found.add(element.modelType)
  const kinds = Object.entries(classes).filter(([, declared]) => 'modelType' in declared && isElement(declared))
  t.equal(kinds.length, 14)
  for (const [kind] of kinds) t.ok(found.has(kind), kind)
})

t.test('what its shells refer to is there', async (t) => {
  const { assetAdministrationShells: shells = [], submodels = [] } = plant()
  const ids = new Set(submodels.map(({ id }) => id))
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
