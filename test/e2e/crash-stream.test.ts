import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../scripts/ports.ts'
import { checkSound, dataOf, startProcess } from './crash-hub.ts'
import { startLoad } from './crash-load.ts'

/** More by the environment, for a longer look. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 3)

t.test(
  'while the hub is killed again and again, no sample of gateways or subscribers is lost, doubled or out of order',
  async (t) => {
    const data = dataOf(t)
    const port = await freePort()
    let hub = await startProcess(data, port)
    const url = `http://127.0.0.1:${port}`
    const load = await startLoad({ api: hub.api, url, directory: dirname(data) })
    for (let round = 0; round < ROUNDS; round++) {
      const enough = load.acknowledged() + 50 + Math.random() * 300
      while (load.acknowledged() < enough) await wait(1)
      await hub.kill()
      await checkSound(t, data, `round ${round}: the database is sound`)
      hub = await startProcess(data, port)
    }
    await load.compare(t, hub.api)
    await hub.kill()
    t.comment(`${load.acknowledged()} samples over ${ROUNDS} kills`)
  }
)
