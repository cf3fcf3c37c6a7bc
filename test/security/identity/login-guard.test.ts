/** Failed logins, at one hub and at several over one store. */
import t, { type Test } from 'tap'
import type { Identity } from '../../../src/security/identity/identity.ts'
import { type ManualClock, manualClock } from '../../manual-clock.ts'
import { anotherHub, openIdentity } from './fixture.ts'

const PASSWORD = 'correct horse battery'

/** What became of an attempt: the name of its error, or `in`. */
async function attempt(hub: Identity, password: string, source = '192.0.2.1', user = 'kim'): Promise<string> {
  try {
    await hub.users.signIn(user, password, source)
    return 'in'
  } catch (error) {
    return (error as Error).name
  }
}

async function hubs(t: Test, isShared: boolean) {
  // Of several machines: what has passed is the same, what their monotonic clocks say is not.
  const clock = manualClock()
  const { identity: one, store } = await openIdentity(t, { isShared }, clock)
  await one.users.create({ name: 'kim', password: PASSWORD, claims: {} })
  const other = await anotherHub(t, store, shifted(clock), { isShared })
  return { one, other, store, clock }
}

function shifted(clock: ManualClock): ManualClock {
  return { ...clock, monotonic: () => clock.monotonic() + 5_000_000 }
}

t.test('five wrong passwords lock a user, at every hub of a store that is shared', async (t) => {
  const { one, other, clock } = await hubs(t, true)
  for (let count = 0; count < 5; count++) t.equal(await attempt(count % 2 === 0 ? one : other, 'wrong'), 'Unauthorized')
  for (const hub of [one, other]) t.equal(await attempt(hub, PASSWORD), 'TooManyRequests')
  t.match(await one.users.signIn('kim', PASSWORD, undefined).catch((error: Error) => error), { retryAfterS: 30 })
  await clock.advance(31_000)
  t.equal(await attempt(other, 'wrong'), 'Unauthorized', 'one more attempt')
  t.equal(await attempt(one, PASSWORD), 'TooManyRequests', 'and twice as long')
  await clock.advance(31_000)
  t.equal(await attempt(one, PASSWORD), 'TooManyRequests')
  await clock.advance(31_000)
  t.equal(await attempt(one, PASSWORD), 'in', 'the right password forgives')
  for (let count = 0; count < 4; count++) t.equal(await attempt(other, 'wrong'), 'Unauthorized')
  t.equal(await attempt(one, PASSWORD), 'in')
})

t.test('attempts at all hubs at once do not pass the limit, nor across names from one address', async (t) => {
  const { one, other } = await hubs(t, true)
  const all = await Promise.all(
    Array.from({ length: 12 }, (_, index) => attempt(index % 2 === 0 ? one : other, 'wrong'))
  )
  t.equal(all.filter((name) => name === 'Unauthorized').length, 5, String(all))
  const names = Array.from({ length: 30 }, (_, index) => `user-${index}`)
  const guessed: string[] = []
  for (const [index, name] of names.entries()) {
    guessed.push(await attempt(index % 2 === 0 ? one : other, 'wrong', '198.51.100.7', name))
  }
  t.strictSame(guessed.slice(0, 20), Array(20).fill('Unauthorized'))
  t.strictSame(guessed.slice(20), Array(10).fill('TooManyRequests'))
  t.equal(await attempt(one, 'wrong', '198.51.100.8', 'lee'), 'Unauthorized', 'other addresses are not concerned')
})

t.test('what is stored of failed logins is bounded, without names, and forgotten', async (t) => {
  const { one, store, clock } = await hubs(t, true)
  for (let round = 0; round < 30; round++) {
    const source = `203.0.113.${round}`
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => attempt(one, 'wrong', source, `guess-${round}-${index}`))
    )
  }
  const read = async () => (await store.documents('Credential', [['type', 'failures']], { limit: 1000 })).items
  const found = await read()
  t.ok(found.length > 50 && found.length <= 128, `${found.length} documents`)
  const texts = found.map(({ bytes }) => bytes.toString())
  t.notMatch(texts.join(), /guess|203\.0/)
  const entries = texts.flatMap((text) => JSON.parse(text).entries)
  t.ok(entries.length >= 300)
  t.ok(Math.max(...texts.map((text) => JSON.parse(text).entries.length)) <= 128)
  await clock.advance(61 * 60_000)
  t.equal(await attempt(one, PASSWORD), 'in')
  const left = (await read()).flatMap(({ bytes }) => JSON.parse(bytes.toString()).entries)
  t.ok(left.length < entries.length, 'those that no longer count are dropped where others are written')
})

t.test('where one hub uses a store failures are counted in memory, and nothing is written', async (t) => {
  const { one, other, store } = await hubs(t, false)
  for (let count = 0; count < 5; count++) t.equal(await attempt(one, 'wrong'), 'Unauthorized')
  t.equal(await attempt(one, PASSWORD), 'TooManyRequests')
  t.equal(await attempt(other, PASSWORD), 'in')
  t.same((await store.documents('Credential', [['type', 'failures']], { limit: 10 })).items, [])
})
