import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { start } from '../../e2e/harness.ts'
import { checksOf, examined, examineHub } from './examined.ts'

const folder = new URL('../../../src/model/constraints/', import.meta.url)
const declared = new Set(
  readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/'(AASd-\d{3}|AASc-3a-\d{3})'/g)].map(([, id = '']) => id)
  )
)

t.test(
  'a document that breaks one constraint is refused by its id, for every constraint that the hub knows',
  async (t) => {
    const hub = await start(t)
    const checks = checksOf(await examineHub(examined(hub), { sections: ['constraints'] }))
    t.ok(declared.size > 30)
    for (const id of declared) t.ok(checks.has(`constraints/${id}`), id)
    for (const { id, verdict, text } of checks.values()) {
      if (!id.startsWith('constraints/')) continue
      t.ok(verdict === 'met' || verdict === 'unknown', `${id}: ${text.en}`)
    }
    t.equal(checks.get('constraints/AASd-006')?.verdict, 'unknown')
  }
)

t.test('a hub that stores what breaks constraints is found out, and keeps nothing of it', async (t) => {
  const hub = await start(t, { LENIENT: 'true' })
  const sections = await examineHub(examined(hub), { sections: ['constraints'] })
  t.equal(sections.find(({ name }) => name === 'constraints')?.verdict, 'partly')
  t.equal(checksOf(sections).get('constraints/upload')?.verdict, 'partly')
  for (const list of ['shells', 'submodels', 'concept-descriptions'])
    t.same((await hub.get(`/${list}`)).json.result, [])
})
