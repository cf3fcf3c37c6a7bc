import { existsSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import type { Identifiable } from '../../src/model/types.ts'
import { embedded, encode, type Running, start } from './harness.ts'

interface Case {
  readonly id: string
  readonly accept: boolean
  readonly path: string
  readonly body: Identifiable
}

/** The rules are the same over every store; over a database, where each case takes its time, some of them will do. */
const EVERY = embedded === false ? 1 : 10
const which = EVERY === 1 ? 'each case' : `every ${EVERY}th case`

const file = new URL('../../../shared/testdata/http-cases-3.1.jsonl', import.meta.url)
const absent = existsSync(file) ? false : 'the cases are not at hand'
const cases: Case[] = absent
  ? []
  : readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .filter((_, index) => index % EVERY === 0)
      .map((line) => JSON.parse(line))
const FORMS = ['application/xml', 'application/asset-administration-shell-package+xml', 'application/json']

t.test(`${which} is accepted or refused as it says`, { skip: absent }, async (t) => {
  const hub = await start(t)
  const faults: string[] = []
  const check = (right: boolean, what: string) => right || faults.push(what)
  for (const { id, accept, path, body } of cases) {
    const one = typeof body.id === 'string' ? `${path}/${encode(body.id)}` : undefined
    const posted = await hub.post(path, body)
    check(posted.status === (accept ? 201 : 400), `${id}: ${posted.status} ${posted.text}`)
    if (!accept) {
      check(posted.json.messages.length > 0 && Object.keys(posted.json).length === 1, `${id}: no Result`)
      // An id that breaks a rule cannot even be asked for.
      if (one !== undefined && body.id !== '') check((await hub.get(one)).status >= 400, `${id}: it was stored`)
    } else if (one !== undefined) {
      const got = await hub.get(`${one}?extent=withBlobValue`)
      check(isDeepStrictEqual(got.json, body), `${id}: reads back differently: ${got.text}`)
      // Cases share ids.
      await hub.remove(one)
    }
  }
  t.same(faults, [])
})

t.test(`${which} that is accepted is the same after JSON, XML, AASX and JSON again`, { skip: absent }, async (t) => {
  const accepted = unique(cases.filter(({ accept }) => accept))
  let hub = await start(t)
  for (const { path, body } of accepted) await hub.post(path, body)
  for (const form of FORMS) hub = await handOver(await start(t), hub, form)
  const faults: string[] = []
  for (const { id, path, body } of accepted) {
    const got = await hub.get(`${path}/${encode(body.id)}?extent=withBlobValue`)
    if (!isDeepStrictEqual(got.json, body)) faults.push(`${id}: ${got.text}`)
  }
  t.same(faults, [])
})

/** Cases share ids; here all are stored at once, so a second document of an id gets another. */
function unique(all: readonly Case[]): Case[] {
  const taken = new Set<string>()
  return all.map((one, index) => {
    const { id } = one.body
    if (taken.has(`${one.path} ${id}`)) return { ...one, body: { ...one.body, id: `urn:case:${index}` } }
    taken.add(`${one.path} ${id}`)
    return one
  })
}

/** Everything of one hub, written in one form, taken in by another. */
async function handOver(to: Running, from: Running, form: string): Promise<Running> {
  const response = await fetch(`${from.api}/serialization`, { headers: { accept: form } })
  const taken = await to.ask('POST', `${to.url}/upload`, new Uint8Array(await response.arrayBuffer()), {
    'content-type': form
  })
  if (taken.status !== 201) throw new Error(`${form}: ${taken.status} ${taken.text.slice(0, 500)}`)
  return to
}
