import t from 'tap'
import { start } from '../../e2e/harness.ts'
import { breakRoute, checksOf, examined, examineHub } from './examined.ts'

t.test('every operation of the standard is tried, and answered as the standard says', async (t) => {
  const hub = await start(t)
  const checks = [...checksOf(await examineHub(examined(hub), { sections: ['operations'] })).values()]
  const tried = checks.filter(({ id }) => id.startsWith('operations/call/'))
  t.equal(tried.length, 224)
  const tried32 = checks.filter(({ id }) => id.startsWith('operations/call-3.2/'))
  t.equal(tried32.length, 12)
  for (const { id, evidence } of tried32) {
    const profiles = evidence.flatMap((one) => (one.kind === 'note' ? [one.text.en] : []))
    t.ok(profiles.length > 0 && profiles.every((uri) => uri.includes('/API/3/2/')), `${id}: ${profiles}`)
  }
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
