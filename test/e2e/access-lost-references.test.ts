/** What is hidden from who replaces a shell, and is added by somebody else at the same time, stays. */
import t from 'tap'
import { eq, type Json, rule, str } from '../security/fixture.ts'
import { startGuarded } from './access-fixture.ts'
import { encode } from './harness.ts'

const ROUNDS = 40

const attributes = [{ CLAIM: 'role' }]
const isRole = (name: string): Json => eq({ $attribute: { CLAIM: 'role' } }, str(name))
const reference = (value: string) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value }] })
const shell = (idShort: string) => ({
  modelType: 'AssetAdministrationShell',
  id: 'press',
  idShort,
  assetInformation: { assetKind: 'Instance', globalAssetId: 'asset' }
})

/** The caller `line` may do everything with shells, and sees no submodel. */
function guarded(t: Parameters<typeof startGuarded>[0]) {
  return startGuarded(t, { admin: { role: 'admin' }, line: { role: 'line' } }, [
    rule({ rights: ['ALL'], attributes, formula: isRole('admin') }),
    rule({ rights: ['ALL'], attributes, formula: isRole('line'), objects: [{ IDENTIFIABLE: '$aas("*")' }] })
  ])
}

function environment(idShort: string): FormData {
  const form = new FormData()
  const text = JSON.stringify({ assetAdministrationShells: [shell(idShort)] })
  form.append('file', new Blob([text], { type: 'application/json' }), 'env.json')
  return form
}

type Guarded = Awaited<ReturnType<typeof guarded>>

const replacements = {
  PUT: ({ as }: Guarded, idShort: string) => as.line.ask('PUT', `/shells/${encode('press')}`, shell(idShort)),
  upload: ({ as }: Guarded, idShort: string) => as.line.ask('POST', '/upload?existing=replace', environment(idShort))
}

for (const [name, replace] of Object.entries(replacements)) {
  t.test(`a reference that is hidden and added during ${name} of its shell is not lost`, async (t) => {
    const hub = await guarded(t)
    const { admin } = hub.as
    t.equal((await admin.ask('POST', '/shells', shell('Press'))).status, 201)
    const path = `/shells/${encode('press')}`
    const added: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const ids = Array.from({ length: 5 }, (_, n) => `${name} ${round}.${n}`)
      const replies = await Promise.all([
        ...ids.map((id) => admin.ask('POST', `${path}/submodel-refs`, reference(id))),
        replace(hub, `Press${round}`)
      ])
      t.ok(replies.every(({ status }) => status < 300))
      added.push(...ids)
    }
    const { json } = await admin.get(path)
    const found: string[] = json.submodels.map(({ keys }: ReturnType<typeof reference>) => keys[0]?.value)
    t.strictSame(new Set(found), new Set(added))
  })
}
