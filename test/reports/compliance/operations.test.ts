import t from 'tap'
import { start } from '../../e2e/harness.ts'
import { breakRoute, checksOf, examined, examineHub } from './examined.ts'

t.test('every operation of the standard is tried, and answered as the standard says', async (t) => {
  const hub = await start(t)
  const checks = [...checksOf(await examineHub(examined(hub), { sections: ['operations'] })).values()]
  const tried = checks.filter(({ id }) => id.startsWith('operations/call/'))
  t.equal(tried.length, 224)
  for (const { id, verdict, text, evidence } of checks.filter(({ id }) => id.startsWith('operations/'))) {
    t.equal(verdict, 'met', `${id}: ${text.en}`)
    t.not(evidence.length, 0, id)
  }
})

t.test('an operation that is not answered as the standard says is found', async (t) => {
  const hub = await start(t)
  breakRoute(hub, /\/submodel-refs(\?|$)/)
  const checks = checksOf(await examineHub(examined(hub), { sections: ['operations'] }))
  const wrong = [...checks.values()].filter(({ id, verdict }) => id.startsWith('operations/') && verdict !== 'met')
  t.same(
    wrong.map(({ id }) => id),
    [
      'operations/count',
      'operations/call/GET /shells/{aasIdentifier}/submodel-refs',
      'operations/call/GET /aas/submodel-refs'
    ]
  )
})
