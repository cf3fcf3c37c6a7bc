/** PATCH …/$value of many values takes more than one turn of the event loop; what happens in between does no harm. */
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { encode, type Running, start } from './harness.ts'

const PATH = `/submodels/${encode('urn:many')}`
const document = (valueType: string) => ({
  modelType: 'Submodel',
  id: 'urn:many',
  submodelElements: [
    { modelType: 'Property', idShort: 'First', valueType: 'xs:int', value: '1' },
    { modelType: 'Property', idShort: 'Second', valueType, value: '1' }
  ]
})

t.test(
  'values are held against the elements that they are written to, also where these change meanwhile',
  async (t) => {
    const hub = await start(t)
    await hub.post('/submodels', document('xs:int'))
    meanwhile(hub, () => hub.put(PATH, document('xs:boolean')))
    const refused = await hub.patch(`${PATH}/$value`, { First: 2, Second: 7 })
    t.equal(refused.status, 400, refused.text)
    t.strictSame((await hub.get(`${PATH}/$value`)).json, { First: 1, Second: true })

    await hub.put(PATH, document('xs:int'))
    meanwhile(hub, () => hub.put(PATH, document('xs:long')))
    t.equal((await hub.patch(`${PATH}/$value`, { First: 2, Second: 7 })).status, 204)
    t.strictSame((await hub.get(`${PATH}/$value`)).json, { First: 2, Second: 7 })
  }
)

t.test('If-Match holds until the values are written', async (t) => {
  const hub = await start(t)
  const { headers } = await hub.post('/submodels', document('xs:int'))
  meanwhile(hub, () => hub.patch(`${PATH}/submodel-elements/First/$value`, 5))
  const reply = await hub.patch(`${PATH}/$value`, { First: 2, Second: 7 }, { 'if-match': headers.get('etag') ?? '' })
  t.equal(reply.status, 412, reply.text)
  t.strictSame((await hub.get(`${PATH}/$value`)).json, { First: 5, Second: 1 })
})

/** Does something once, after the values were checked and before the elements that they belong to are read. */
function meanwhile({ server }: Running, work: () => Promise<unknown>): void {
  const { store } = server.context
  const { element } = store
  let done: Promise<unknown> | undefined
  const restored = async () => {
    // The rows are asked for in one turn of the event loop; what the work asks for itself must not wait for it.
    await setImmediate()
    store.element = element
    return work()
  }
  store.element = async (submodel, path) => {
    done ??= restored()
    await done
    return element.call(store, submodel, path)
  }
}
