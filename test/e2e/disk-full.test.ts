import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkDirectory } from '../../src/store/sqlite/check.ts'
import { testDirectory } from '../test-directory.ts'
import { embedded, start } from './harness.ts'

const program = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

const submodel = {
  modelType: 'Submodel',
  id: 'urn:m',
  submodelElements: [{ modelType: 'Property', idShort: 'Noise', valueType: 'xs:double' }]
}

const skip = process.platform === 'win32' ? 'there is no way to limit the size of files here' : embedded
const title = 'where nothing more can be written samples are refused, and all that was acknowledged is there'

t.test(title, { skip }, async (t) => {
  const directory = join(testDirectory(t), 'data')
  const args = ['serve', '--port', '0', '--data-dir', directory, '--log-level', 'info', '--log-format', 'json']
  // No file of the hub may be larger than about 4 MB; what the test runner preloads is left out.
  const hub = spawn(
    'sh',
    ['-c', 'unset NODE_OPTIONS; ulimit -f 8000; exec "$0" "$@"', process.execPath, program, ...args],
    {
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  t.teardown(() => hub.kill('SIGKILL'))
  let url = ''
  const lines = createInterface({ input: hub.stdout })
  for await (const line of lines) {
    url = /Listening on (http:\/\/[^"\s]+)/.exec(line)?.[1] ?? ''
    if (url !== '') break
  }
  hub.stdout.resume()
  const post = (path: string, body: object) =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  t.equal((await post('/api/v3/submodels', submodel)).status, 201)
  let acknowledged = 0
  let refused: Response | undefined
  for (let frame = 0; frame < 400 && refused === undefined; frame++) {
    const values = Array.from({ length: 5000 }, () => Math.random())
    const answer = await post('/ingest', { submodel: 'urn:m', path: 'Noise', start: frame * 5000, step: 1, values })
    if (answer.status === 200) acknowledged += values.length
    else refused = answer
  }
  t.ok(refused?.status === 507 || refused?.status === 503, `refused with ${refused?.status}`)
  t.match(await refused?.json(), { messages: [{ text: String }] })
  t.equal(await counted(url), acknowledged, 'reading goes on')
  t.equal((await fetch(`${url}/readyz`)).status, 503, 'it is not ready, and says why')
  hub.kill('SIGTERM')
  await once(hub, 'exit')
  t.same(await checkDirectory(directory), [])
  const again = await start(t, { DATA_DIR: directory })
  t.equal(await counted(again.url), acknowledged)
  t.equal((await again.post('/ingest', { submodel: 'urn:m', path: 'Noise', value: 1 })).status, 200)
})

async function counted(url: string): Promise<number> {
  const answer = await fetch(`${url}/timeseries?submodel=urn:m&path=Noise&interval=1d&aggregate=count`)
  const { rows = [] } = (await answer.json()) as { rows?: [string, number][] }
  return rows.reduce((sum, [, count]) => sum + count, 0)
}
