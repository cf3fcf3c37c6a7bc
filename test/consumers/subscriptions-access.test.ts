/** What a subscriber may not see is neither in its messages nor to be concluded from them. */
import t, { type Test } from 'tap'
import { cloudEventOf, feedEventOf } from '../../src/consumers/subscriptions/cloudevents.ts'
import { jsonEventOf } from '../../src/consumers/subscriptions/json-envelope.ts'
import type { AssetAdministrationShell, Submodel, SubmodelElement } from '../../src/model/types.ts'
import type { Change, DocumentKind, Store } from '../../src/store/store.ts'
import { accessing } from '../security/accessing.ts'
import { claim, eq, field, type Json, rule, stored, str } from '../security/fixture.ts'
import { collection, create, replace, submodel } from '../store/fixtures.ts'
import { Listener, run, type Scene, scene, short, until } from './subscriptions-scene.ts'

const options = { epoch: 'e', base: 'http://hub', prefix: '' }

/** Everything that any envelope would send. */
function sent({ messages }: Listener): string {
  return JSON.stringify(
    messages.map(({ events, ...rest }) => [
      rest,
      events.map((event) => [jsonEventOf(event), cloudEventOf(event, options), feedEventOf(event, options, true)])
    ])
  )
}

function isClean(t: Test, listener: Listener): void {
  t.notMatch(sent(listener), /secret/i)
}

function text(idShort: string, value?: string, semanticId?: string): SubmodelElement {
  return {
    modelType: 'Property',
    idShort,
    valueType: 'xs:string',
    ...(value !== undefined && { value }),
    ...(semanticId !== undefined && { semanticId: reference(semanticId) })
  }
}

function reference(value: string) {
  return { type: 'ExternalReference' as const, keys: [{ type: 'GlobalReference' as const, value }] }
}

function document(kind: DocumentKind, document: object & { readonly id: string }): Change {
  return { change: 'create', kind, id: document.id, json: JSON.stringify(document), facets: [] }
}

const machine = (...more: SubmodelElement[]): Submodel =>
  submodel('m', text('Speed', '1'), text('SecretRecipe', 'secret 0'), ...more)

/** Rules after which only what is named secret is hidden, in four ways. */
const hidingRules: Readonly<Record<string, readonly Json[]>> = {
  'by what a rule names': [rule({ objects: [{ REFERABLE: '$sme("m").Speed' }, { REFERABLE: '$sme("m").Load' }] })],
  'by a filter on its structure': [hide({ $not: { '$starts-with': [field('$sme#idShort'), str('Secret')] } })],
  'by a filter on its value': [hide({ $not: { '$starts-with': [field('$sme#value'), str('secret')] } })],
  'by a filter, while the plant runs': [
    rule({ more: { FILTER: { FRAGMENT: '$sme.SecretRecipe', CONDITION: { $boolean: false } } } })
  ].map((one) => ({ ...one, FORMULA: eq(stored('$sme("plant").State#value'), str('running')) }))
}

function hide(CONDITION: Json, FRAGMENT = '$sme'): Json {
  return rule({ more: { FILTER: { FRAGMENT, CONDITION } } })
}

/** Commits of which a subscriber may see every other. */
async function happen({ store, write, samples }: Scene): Promise<void> {
  for (let at = 1; at <= 3; at++) {
    await store.commit([await write('m', 'SecretRecipe', `secret ${at}`)])
    await store.commit([await write('m', 'Speed', String(at)), await write('m', 'SecretRecipe', `secret ${at}b`)])
  }
  await store.commit([await samples('m', 'Speed', run([10, 20], [4, 5]))])
}

const SEEN = ['m/Speed="1"', 'm/Speed="2"', 'm/Speed="3"', 'm/Speed="4"', 'm/Speed="5"']

const plant = submodel('plant', text('State', 'running'))

async function prepare({ store }: Scene): Promise<void> {
  await store.commit([create(machine()), create(plant)])
}

for (const [how, rules] of Object.entries(hidingRules)) {
  scene(
    t,
    `values that are hidden ${how} are not sent, and nothing between the others is missing`,
    async (t, scene) => {
      await prepare(scene)
      const { of } = accessing(scene.store, ...rules)
      const live = await scene.listen({}, new Listener(), of({ sub: 'kim' }))
      const full = await scene.listen({ content: 'full', select: { submodels: ['m'] } }, new Listener(), of({}))
      await happen(scene)
      await until(t, 'all is sent', () => live.events.length >= SEEN.length && full.events.length >= SEEN.length)
      t.strictSame(live.events.map(short), SEEN)
      t.strictSame(full.events.map(short), SEEN)
      t.notOk(live.messages.some(({ events, cursor }) => events.length === 0 && cursor === ''))
      isClean(t, live)
      isClean(t, full)

      const late = await scene.listen(
        { since: 'earliest', select: { kinds: ['value'] } },
        new Listener(),
        of({ sub: 'lee' })
      )
      await until(t, 'the log is sent', () => late.events.length >= SEEN.length)
      t.strictSame(late.events.map(short), SEEN)
      isClean(t, late)

      const { events } = await scene.subscriptions.page({ select: { kinds: ['value'] } }, 100, { access: of({}) })
      t.strictSame(events.map(short), SEEN)

      const conflated = await scene.listen({ since: 'earliest', interval: 1000 }, new Listener(), of({ sub: 'min' }))
      await until(t, 'the newest is sent', () => conflated.events.some((event) => short(event) === 'm/Speed="3"'))
      isClean(t, conflated)
    }
  )

  scene(t, `a snapshot does not show what is hidden ${how}`, async (t, scene) => {
    await prepare(scene)
    const { of } = accessing(scene.store, ...rules)
    for (const content of ['value', 'full'] as const) {
      const listener = await scene.listen({ snapshot: true, content }, new Listener(), of({}))
      await until(t, 'it is complete', () => listener.messages.some(({ snapshot }) => snapshot === 'end'))
      t.ok(listener.events.map(short).includes('m/Speed="1"'), sent(listener))
      isClean(t, listener)
    }
  })
}

scene(
  t,
  'an element is sent by itself where nothing else of its submodel is visible',
  async (t, { store, listen, write }) => {
    const { of } = accessing(store, rule({ objects: [{ REFERABLE: '$sme("m").Line.Speed' }] }))
    const line = (...more: SubmodelElement[]) => collection('Line', [text('Speed', '1'), text('Secret', 'x'), ...more])
    const listener = await listen({ content: 'full' }, new Listener(), of({}))
    await store.commit([create(submodel('m', line()))])
    await store.commit([create(submodel('secret-submodel', line()))])
    await store.commit([replace(submodel('m', line(text('SecretToo'))), { touched: ['Line.SecretToo'] })])
    await store.commit([replace(submodel('m', line()), { touched: ['Line'] })])
    await store.commit([replace({ ...submodel('m', line()), idShort: 'SecretName' }, { touched: [] })])
    await store.commit([await write('m', 'Line.Speed', '2')])
    await store.commit([replace(submodel('m', line()))])
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'm' }])
    await store.commit([create(submodel('m', line()))])
    await until(t, 'all is sent', () => listener.events.length >= 6)
    t.strictSame(listener.events.map(short), [
      'updated Submodel m [Line.Speed]',
      'updated Submodel m [Line.Speed]',
      'm/Line.Speed="2"',
      'updated Submodel m [Line.Speed]',
      'updated Submodel m [Line.Speed]',
      'updated Submodel m [Line.Speed]'
    ])
    t.strictSame(
      listener.events.flatMap((event) => (event.event === 'document' ? [event.became] : [])),
      ['created', undefined, undefined, 'deleted', 'created']
    )
    isClean(t, listener)
  }
)

scene(t, 'hidden paths are left out of a change of structure, and do not select it', async (t, { store, listen }) => {
  await store.commit([create(machine(text('Load')))])
  const { of } = accessing(store, ...(hidingRules['by a filter on its structure'] ?? []))
  const all = await listen({ content: 'full' }, new Listener(), of({}))
  const selecting = await listen({ select: { paths: ['SecretRecipe'] } }, new Listener(), of({}))
  await store.commit([replace(machine(text('Load')), { touched: ['SecretRecipe'] })])
  await store.commit([replace(machine(text('Load')), { touched: ['SecretRecipe', 'Load'] })])
  await store.commit([replace(machine(text('Load')), { touched: [] })])
  await store.commit([replace(machine())])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'm' }])
  const SEEN = ['updated Submodel m [Load]', 'updated Submodel m []', 'updated Submodel m', 'deleted Submodel m']
  await until(t, 'all is sent', () => all.events.length >= SEEN.length)
  t.strictSame(all.events.map(short), SEEN)
  isClean(t, all)
  t.notMatch(selecting.events.map(short).join(), /Load/)
})

scene(t, 'documents of every kind are judged, also those without rules of their own', async (t, { store, listen }) => {
  const { of } = accessing(
    store,
    rule({
      objects: ['a', 'd'].map((id) => ({ IDENTIFIABLE: `$aas("${id}")` })),
      formula: eq(field('$aas#idShort'), str('Open'))
    }),
    rule({ objects: [{ IDENTIFIABLE: '$sm("m")' }, { DESCRIPTOR: '$smdesc("m")' }] })
  )
  const listener = await listen({ content: 'full' }, new Listener(), of({}))
  const shell = (id: string, idShort: string) => ({ id, idShort, assetInformation: { globalAssetId: idShort } })
  const links = (id: string, value: string): Change =>
    ({ ...document('AssetLinks', { id }), json: JSON.stringify([value]) }) as Change
  await store.commit([document('AssetAdministrationShell', shell('a', 'Open')), links('a', 'open')])
  await store.commit([document('AssetAdministrationShell', shell('secret-b', 'Open')), links('secret-b', 'secret')])
  await store.commit([document('AssetAdministrationShell', shell('d', 'Secret')), links('d', 'secret')])
  await store.commit([
    document('ConceptDescription', { id: 'secret-cd' }),
    document('Package', { id: 'secret-package' })
  ])
  await store.commit([document('AssetAdministrationShellDescriptor', { id: 'secret-desc' })])
  await store.commit([document('SubmodelDescriptor', { id: 'm' }), document('SubmodelDescriptor', { id: 'secret-n' })])
  await store.commit([document('Validation', { id: 'm' }), document('Validation', { id: 'secret-n' })])
  await store.commit([document('Credential', { id: 'secret-key' }), document('AccessRules', { id: 'secret-rules' })])
  await store.commit([create(submodel('m'))])
  await until(t, 'all is sent', () => listener.events.length >= 5)
  t.strictSame(listener.events.map(short), [
    'created AssetAdministrationShell a',
    'created AssetLinks a',
    'created SubmodelDescriptor m',
    'created Validation m',
    'created Submodel m'
  ])
  isClean(t, listener)
})

scene(t, 'what is hidden of shells and semanticIds does not select', async (t, { store, listen, write }) => {
  const line = { ...collection('Line', [text('Speed', '1')]), semanticId: reference('urn:secret') }
  await store.commit([
    create({ ...submodel('m', line, text('Load', '1', 'urn:open')), semanticId: reference('urn:secret') })
  ])
  const shell: AssetAdministrationShell = {
    modelType: 'AssetAdministrationShell',
    id: 'a',
    assetInformation: { assetKind: 'Instance' },
    submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: 'm' }] }]
  }
  await store.commit([document('AssetAdministrationShell', shell)])
  const elements = rule({ objects: [{ REFERABLE: '$sme("m").Line.Speed' }, { REFERABLE: '$sme("m").Load' }] })
  const { of } = accessing(
    store,
    elements,
    rule({ objects: [{ IDENTIFIABLE: '$aas("*")' }], formula: eq(claim('shells'), str('yes')) })
  )
  const byShell = await listen({ select: { shells: ['a'] } }, new Listener(), of({}))
  const bySeenShell = await listen({ select: { shells: ['a'] } }, new Listener(), of({ shells: 'yes' }))
  const byHidden = await listen({ select: { semanticIds: ['urn:secret'] } }, new Listener(), of({}))
  const byOwn = await listen({ select: { semanticIds: ['urn:open'] } }, new Listener(), of({}))
  await store.commit([await write('m', 'Line.Speed', '2')])
  await store.commit([await write('m', 'Load', '2')])
  await until(t, 'all is sent', () => bySeenShell.events.length >= 2 && byOwn.events.length >= 1)
  t.strictSame(bySeenShell.events.map(short), ['m/Line.Speed="2"', 'm/Load="2"'])
  t.strictSame(byOwn.events.map(short), ['m/Load="2"'])
  t.strictSame([byShell.events, byHidden.events], [[], []])
  const snapshot = await listen({ select: { semanticIds: ['urn:secret'] }, snapshot: true }, new Listener(), of({}))
  await until(t, 'it is complete', () => snapshot.messages.some(({ snapshot }) => snapshot === 'end'))
  t.strictSame(
    snapshot.events.map(short),
    ['updated Submodel m [Line.Speed,Load]'],
    'no value; the rest may be unknown'
  )
})

scene(
  t,
  'subjects that no rule distinguishes share what is sent',
  async (t, { store, listen, subscriptions, write }) => {
    await store.commit([create(machine())])
    const { of } = accessing(
      store,
      rule({ objects: [{ REFERABLE: '$sme("m").Speed' }], formula: eq(claim('role'), str('operator')) }),
      rule({ formula: eq(claim('role'), str('engineer')) })
    )
    const listeners: Listener[] = []
    for (let at = 0; at < 5; at++) {
      listeners.push(await listen({}, new Listener(), of({ role: 'operator', sub: `user ${at}`, exp: at })))
      listeners.push(await listen({}, new Listener(), of({ role: 'engineer', sub: `user ${at}`, exp: at })))
    }
    t.equal(subscriptions.figures.groups, 2)
    await store.commit([await write('m', 'SecretRecipe', 'secret'), await write('m', 'Speed', '2')])
    await until(t, 'all is sent', () => listeners.every(({ events }) => events.length > 0))
    for (const [at, { messages, events }] of listeners.entries()) {
      t.equal(events.length, at % 2 === 0 ? 1 : 2)
      t.equal(messages[0], listeners[at % 2]?.messages[0], 'serialized once')
    }
  }
)

scene(t, 'who may read nothing cannot subscribe', async (t, { store, listen, subscriptions }) => {
  const { of } = accessing(store, rule({ attributes: [{ CLAIM: 'role' }], rights: ['UPDATE'] }))
  await t.rejects(listen({}, new Listener(), of({ role: 'gateway' })), { name: 'Forbidden' })
  await t.rejects(listen({}, new Listener(), of(undefined)), { name: 'Unauthorized' })
  await t.rejects(subscriptions.page({}, 1, { access: of({ role: 'gateway' }) }), { name: 'Forbidden' })
})

/** The rules that show either of two elements. */
const showing = (path: string): Json => rule({ objects: [{ REFERABLE: `$sme("m").${path}` }] })

async function writeBoth(store: Store, { write }: Scene, value: string): Promise<void> {
  await store.commit([await write('m', 'Speed', value), await write('m', 'SecretRecipe', value)])
}

scene(t, 'rules that are replaced decide on the next message, and nothing is lost or doubled', async (t, scene) => {
  await prepare(scene)
  const { store, listen } = scene
  const { of, replace } = accessing(store, showing('Speed'))
  const windows = [0, 0, 40, 0]
  const listeners = await Promise.all(
    windows.map((window, at) =>
      listen({ window, ...(at === 3 && { interval: 5 }) }, new Listener(), of({ sub: `${at}` }))
    )
  )
  for (let value = 1; value <= 20; value++) {
    await writeBoth(store, scene, String(value))
    if (value % 5 === 0) {
      await until(t, 'all have it', () => listeners.every(({ events }) => events.at(-1)?.seq === value + 1))
      replace(showing(value % 10 === 0 ? 'Speed' : 'SecretRecipe'))
    }
  }
  const all = Array.from({ length: 20 }, (_, at) => {
    const path = Math.floor(at / 5) % 2 === 0 ? 'Speed' : 'SecretRecipe'
    return `m/${path}="${at + 1}"`
  })
  for (const { events } of listeners.slice(0, 3)) t.strictSame(events.map(short), all)
})

scene(t, 'what is gathered in a window is not sent by rules that were replaced', async (t, scene) => {
  await prepare(scene)
  const { store, listen, clock } = scene
  const { of, replace } = accessing(store, showing('SecretRecipe'))
  const listener = await listen({ window: 1000 }, new Listener(), of({}))
  const conflated = await listen({ interval: 1000 }, new Listener(), of({}))
  await writeBoth(store, scene, 'secret a')
  await until(t, 'it is taken', () => conflated.events.length === 1)
  await writeBoth(store, scene, 'secret b')
  await clock.advance(100)
  replace(showing('Speed'))
  await until(t, 'the new rules count', () => listener.events.length === 2 && conflated.events.length > 1)
  t.strictSame(listener.events.map(short), ['m/Speed="secret a"', 'm/Speed="secret b"'])
  t.notOk(
    conflated.events
      .slice(1)
      .map(short)
      .some((event) => event.includes('Recipe'))
  )
})

scene(t, 'a value that was held back is judged when it is sent', async (t, scene) => {
  await prepare(scene)
  const { store, listen, write, clock } = scene
  const { of } = accessing(store, ...(hidingRules['by a filter, while the plant runs'] ?? []))
  const listener = await listen({ interval: 1000, content: 'full' }, new Listener(), of({}))
  await store.commit([await write('m', 'Speed', '1')])
  await until(t, 'the first is sent', () => listener.events.length === 1)
  await store.commit([await write('m', 'Speed', '2')])
  await clock.advance(100)
  await store.commit([await write('plant', 'State', 'stopped')])
  await clock.advance(2000)
  await store.commit([await write('plant', 'State', 'running'), await write('m', 'Speed', '3')])
  await until(t, 'the next is sent', () => listener.events.map(short).includes('m/Speed="3"'))
  t.notOk(listener.events.map(short).includes('m/Speed="2"'))
})

scene(t, 'a renewed token changes what is sent from then on, also in a snapshot', async (t, scene) => {
  await prepare(scene)
  const { store, listen } = scene
  const role = (name: string, path: string) =>
    rule({ objects: [{ REFERABLE: `$sme("m").${path}` }], formula: eq(claim('role'), str(name)) })
  const { of, replace } = accessing(store, role('a', 'Speed'), role('b', 'SecretRecipe'))
  const listener = await listen({}, new Listener(), of({ role: 'a' }))
  await writeBoth(store, scene, '1')
  await until(t, 'the first is sent', () => listener.events.length === 1)
  listener.subscription?.reauthorize(of({ role: 'b' }))
  await writeBoth(store, scene, '2')
  await until(t, 'the second is sent', () => listener.events.length === 2)
  listener.subscription?.reauthorize(of({ role: 'b', exp: 7 }))
  listener.subscription?.reauthorize(of({ role: 'a', exp: 8 }))
  await writeBoth(store, scene, '3')
  await until(t, 'the third is sent', () => listener.events.length === 3)
  t.strictSame(listener.events.map(short), ['m/Speed="1"', 'm/SecretRecipe="2"', 'm/Speed="3"'])

  const slow = new Listener()
  slow.slow = 16 * 1024
  await listen({ snapshot: true }, slow, of({ role: 'a' }))
  slow.subscription?.reauthorize(of({ role: 'b' }))
  for (let at = 0; at < 5; at++) {
    await scene.clock.advance(100)
    slow.drain()
  }
  await until(t, 'the snapshot is complete', () => slow.messages.some(({ snapshot }) => snapshot === 'end'))
  t.match(
    slow.events.map(short).filter((event) => event.startsWith('m/')),
    [/SecretRecipe/]
  )

  replace()
  await until(t, 'the subscriptions end', () => listener.closed !== undefined)
  t.equal(listener.closed?.reason, 'forbidden')
})
