/** i3X beside the API of the AAS: the values of the 1,000 elements of a submodel, by element and as one object. */
import { start } from './children.ts'
import { submodel } from './data.ts'
import { wanted } from './measure.ts'
import { compare, JSON_TYPE, send } from './requests.ts'

const ELEMENTS = 1000
const ID = 'urn:bench:i3x'

/** @param folder makes an empty one */
export async function i3xValues(folder: (name: string) => Promise<string>): Promise<void> {
  if (!wanted('i3x', 'i3x-object')) return
  const hub = await start('hub.ts', await folder('i3x'))
  const api = '/api/v3/submodels'
  await send(hub, 'POST', api, JSON.stringify(submodel(ID, ELEMENTS)))
  const samples = Array.from({ length: ELEMENTS }, (_, index) => ({ submodel: ID, path: `Value${index}`, value: 22.5 }))
  await send(hub, 'POST', '/ingest', JSON.stringify(samples))
  const values = { server: hub, requests: [{ path: `${api}/${Buffer.from(ID).toString('base64url')}/$value` }] }
  const query = (elementIds: readonly string[]) => ({
    server: hub,
    requests: [
      {
        method: 'POST' as const,
        path: '/i3x/v1/objects/value',
        headers: JSON_TYPE,
        body: JSON.stringify({ elementIds })
      }
    ]
  })
  await compare({
    name: 'i3x',
    title: 'i3X: the values of 1,000 elements with quality and time; baseline: `$value` of their submodel',
    goal: 0.5,
    connections: 10,
    ours: query(samples.map(({ path }) => `${ID}#${path}`)),
    theirs: values
  })
  await compare({
    name: 'i3x-object',
    title: 'the same as one object: value, quality and time of the submodel',
    connections: 10,
    ours: query([ID]),
    theirs: values
  })
  await hub.stop()
}
