/**
 * A machine, the hub and the process beside it that reads the machine are killed in turn, again and again. What the machine
 * counted is in the history once, but for what no process can have had.
 */
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Random } from '../simulation/random.ts'
import { until } from '../until.ts'
import { checkSound } from './crash-hub.ts'
import { type Kind, Plant, RECOVERY_MS, type Victim } from './crash-plant.ts'

/** More by the environment, for a longer look; in each one all three are killed. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 1)
const SEED = Number(process.env.CRASH_SEED ?? 1)
const VICTIMS = ['machine', 'hub', 'edge'] as const
/** Between a kill and the next start. */
const MAX_AWAY_MS = 1500
const NEAR_MS = 5000

interface Kill {
  readonly victim: Victim
  /** Times in milliseconds since 1970: of the kill; when counts were stored again. */
  readonly at: number
  recovered: number
}

t.jobs = 2
for (const kind of ['modbus', 'opcua'] as const) {
  t.test(`what a machine counted is stored once, whatever is killed: ${kind}`, { buffered: true }, async (t) => {
    const plant = await Plant.start(t, kind)
    const random = new Random(SEED)
    const kills: Kill[] = []
    for (let round = 0; round < ROUNDS; round++) {
      for (const victim of VICTIMS) {
        await wait(300 + random.next() * 700)
        const kill = { victim, at: Date.now(), recovered: 0 }
        kills.push(kill)
        await plant.kill(victim, random.next() * MAX_AWAY_MS)
        const counted = plant.counted()
        await until(async () => (await plant.newest()) > counted, { timeoutMs: RECOVERY_MS, pollMs: 100 })
        kill.recovered = Date.now()
      }
    }
    await plant.settle()
    const values = await plant.history()
    const stored = new Set(values)
    t.equal(stored.size, values.length, 'each count is stored once')
    const [first, last] = [Math.min(...values), Math.max(...values)]
    const lost = plant.log().filter(({ count }) => count > first && count < last && !stored.has(count))
    const beyond = lost.filter(({ at }) => !kills.some((kill) => mayBeLost(kind, kill, at)))
    t.strictSame(
      beyond.map(({ count, at }) => ({
        count,
        kills: kills.map((kill) => nearness(kill, at)).filter((near) => near !== '')
      })),
      [],
      'none is missing that a process could have had'
    )
    t.comment(`${values.length} counts, ${kills.length} kills, ${lost.length} counts that died with a process`)
    if (kind === 'opcua' && lost.length > 0) t.ok(plant.gaps > 0, 'the gap is reported')
    await plant.stop()
    await checkSound(t, plant.directory, 'the database is sound')
  })
}

/** Did a count of this time die with a process? */
function mayBeLost(kind: Kind, { victim, at }: Kill, time: number): boolean {
  // The answer that was under way.
  if (kind === 'modbus') return victim !== 'hub' && Math.abs(time - at) < 150
  // What the machine had not published; its history died with it. The edge process reads it back.
  return victim === 'machine' && time > at - 1500 && time <= at + 50
}

/** How far a kill and the recovery from it are from a time, where that is near. */
function nearness({ victim, at, recovered }: Kill, time: number): string {
  if (time < at - NEAR_MS || time > recovered + NEAR_MS) return ''
  return `${victim} killed ${time - at} ms before it, counts stored again ${recovered - time} ms after it`
}
