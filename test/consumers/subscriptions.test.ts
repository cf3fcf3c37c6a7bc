import t from 'tap'
import type { StreamEvent } from '../../src/consumers/subscriptions/subscription.ts'
import type { AssetAdministrationShell } from '../../src/model/types.ts'
import type { Change, DocumentKind } from '../../src/store/store.ts'
import { collection, create, property, replace, submodel } from '../store/fixtures.ts'
import { type Listener, run, scene, short, until } from './subscriptions-scene.ts'

scene(t, 'a subscriber gets changes from now on, once and in order', async (t, { store, listen, write, samples }) => {
  await store.commit([create(submodel('m', property('Speed', '1'), property('Load')))])
  const all = await listen()
  t.equal(all.subscription?.recovered, true)
  await store.commit([await write('m', 'Speed', '2')])
  await store.commit([await samples('m', 'Speed', run([10, 20, 30], [3, 4.5, 5])), await write('m', 'Load', '7')])
  await store.commit([create(submodel('n'))])
  await store.commit([replace(submodel('m', property('Speed', '1')), { touched: ['Load'] })])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'n' }])
  await until(t, 'all is sent', () => all.events.length >= 8)
  t.strictSame(all.events.map(short), [
    'm/Speed=2',
    'm/Speed=3',
    'm/Speed=4.5',
    'm/Speed=5',
    'm/Load=7',
    'created Submodel n',
    'updated Submodel m [Load]',
    'deleted Submodel n'
  ])
  t.strictSame(
    all.events.map(({ kind, seq, index }) => [kind, seq, index]),
    [
      ['value', 2, 0],
      ['value', 3, 0],
      ['value', 3, 1],
      ['value', 3, 2],
      ['value', 3, 3],
      ['created', 4, 0],
      ['structure', 5, 0],
      ['deleted', 6, 0]
    ]
  )
})

scene(t, 'with columns, samples of one push stay together', async (t, { store, listen, samples }) => {
  await store.commit([create(submodel('m', property('Speed')))])
  const columns = await listen({ columns: true })
  await store.commit([await samples('m', 'Speed', run([10, 20, 30], [3, 4.5, 5]))])
  await until(t, 'the run is sent', () => columns.events.length > 0)
  const [event] = columns.events
  t.match(event, { event: 'run', submodel: 'm', path: 'Speed' })
  t.ok(event?.event === 'run' && event.values instanceof Float64Array)
  t.equal(event && short(event), 'm/Speed=[3,4.5,5]')
})

scene(t, 'changes are selected by submodel, path, semanticId, shell and kind', async (t, { store, listen, write }) => {
  const speed = { ...property('Speed'), semanticId: reference('urn:speed') }
  const line = { ...collection('Line', [speed, property('Load')]), semanticId: reference('urn:line') }
  await store.commit([create(submodel('m', line, property('Speed'))), create(submodel('n', property('Speed')))])
  const requests = {
    submodel: { submodels: ['n'] },
    path: { paths: ['Line.*'] },
    deep: { paths: ['**.Speed'] },
    semanticId: { semanticIds: ['urn:speed'] },
    around: { semanticIds: ['urn:line'] },
    shell: { shells: ['s'] },
    structure: { kinds: ['structure', 'created'] as const },
    both: { submodels: ['m'], paths: ['Speed'] }
  }
  const received = new Map<string, Listener>()
  for (const [name, select] of Object.entries(requests)) received.set(name, await listen({ select }))
  const end = await listen()
  await store.commit([
    await write('m', 'Line.Speed', '1'),
    await write('m', 'Line.Load', '2'),
    await write('m', 'Speed', '3'),
    await write('n', 'Speed', '4')
  ])
  await store.commit([createShell('s', 'm')])
  await store.commit([await write('m', 'Speed', '5'), await write('n', 'Speed', '6')])
  await until(t, 'the first half is sent', () => end.events.length >= 7)
  await store.commit([replaceShell('s', 'n')])
  await store.commit([await write('m', 'Speed', '7'), await write('n', 'Speed', '8')])
  await until(t, 'all is sent', () => end.events.length >= 10)
  const expected = {
    submodel: ['n/Speed=4', 'n/Speed=6', 'n/Speed=8'],
    path: ['m/Line.Speed=1', 'm/Line.Load=2'],
    deep: ['m/Line.Speed=1', 'm/Speed=3', 'n/Speed=4', 'm/Speed=5', 'n/Speed=6', 'm/Speed=7', 'n/Speed=8'],
    semanticId: ['m/Line.Speed=1'],
    around: ['m/Line.Speed=1', 'm/Line.Load=2'],
    shell: ['created AssetAdministrationShell s', 'm/Speed=5', 'updated AssetAdministrationShell s', 'n/Speed=8'],
    structure: ['created AssetAdministrationShell s', 'updated AssetAdministrationShell s'],
    both: ['m/Speed=3', 'm/Speed=5', 'm/Speed=7']
  }
  for (const [name, events] of Object.entries(expected))
    t.strictSame(received.get(name)?.events.map(short), events, name)
})

scene(
  t,
  'elements that are selected before they exist, or are removed later, cause events',
  async (t, { store, listen, write }) => {
    const ahead = await listen({ select: { submodels: ['later'], paths: ['**.Speed'] } })
    const shell = await listen({ select: { shells: ['s'] } })
    await store.commit([create(submodel('other', property('Speed'))), create(submodel('later', property('Load')))])
    await store.commit([createShell('s', 'later')])
    await store.commit([replace(submodel('later', property('Load'), property('Speed')), { touched: ['Speed'] })])
    await store.commit([await write('later', 'Speed', '1'), await write('later', 'Load', '1')])
    await store.commit([replace(submodel('later', property('Load')), { touched: ['Speed'] })])
    await store.commit([replaceShell('s'), { change: 'delete', kind: 'Submodel', id: 'later' }])
    await until(t, 'all is sent', () => shell.events.length >= 7)
    t.strictSame(ahead.events.map(short), [
      'created Submodel later',
      'updated Submodel later [Speed]',
      'later/Speed=1',
      'updated Submodel later [Speed]',
      'deleted Submodel later'
    ])
    t.strictSame(shell.events.map(short).slice(-2), ['updated AssetAdministrationShell s', 'deleted Submodel later'])
  }
)

scene(
  t,
  'a subscriber that resumes with a cursor gets what it missed, and nothing twice',
  async (t, { store, listen, write, samples }) => {
    await store.commit([create(submodel('m', property('Speed')))])
    const first = await listen()
    await store.commit([await write('m', 'Speed', '1')])
    await until(t, 'the first is sent', () => first.events.length === 1)
    first.subscription?.close()
    for (let i = 2; i < 400; i++) await store.commit([await write('m', 'Speed', String(i))])
    await store.commit([
      await samples(
        'm',
        'Speed',
        run(
          Array.from({ length: 3000 }, (_, i) => i),
          Array.from({ length: 3000 }, (_, i) => i)
        )
      )
    ])
    const second = await listen({ since: first.cursor })
    t.equal(second.subscription?.recovered, true)
    await store.commit([await write('m', 'Speed', '-1')])
    await until(t, 'all is sent', () => second.events.some((event) => short(event) === 'm/Speed=-1'))
    t.equal(first.events.length, 1)
    t.equal(second.events.length, 398 + 3000 + 1)
    const places = second.events.map(({ seq, index }) => seq * 1e6 + index)
    t.strictSame(
      places,
      [...places].sort((a, b) => a - b)
    )
    t.equal(new Set(places).size, places.length)
    // A cursor in the middle of a run.
    const middle = second.messages.find(({ events }) => events.some(({ index }) => index > 400 && index < 2500))
    const third = await listen({ since: middle?.cursor ?? '' })
    await until(t, 'the rest is sent', () => third.events.some((event) => short(event) === 'm/Speed=-1'))
    const rest = second.events.slice(second.events.map(idOf).indexOf(idOf(middle?.events.at(-1))) + 1)
    t.strictSame(third.events.map(short), rest.map(short))
  }
)

scene(t, 'validation results and registry entries have kinds of their own', async (t, { store, listen }) => {
  const [found, registry, rest] = [
    await listen({ select: { kinds: ['validation'], submodels: ['m'] } }),
    await listen({ select: { kinds: ['registry'] } }),
    await listen({ select: { kinds: ['created', 'structure', 'deleted'] } })
  ]
  const document = (kind: DocumentKind, id: string): Change => {
    return { change: 'create', kind, id, json: JSON.stringify({ id }), facets: [] }
  }
  await store.commit([document('Validation', 'm'), document('Validation', 'n'), document('SubmodelDescriptor', 'm')])
  await store.commit([document('AssetLinks', 's'), document('ConceptDescription', 'c'), document('Job', 'j')])
  await until(t, 'all is sent', () => rest.events.length === 1 && registry.events.length === 2)
  t.strictSame(found.events.map(short), ['created Validation m'])
  t.strictSame(registry.events.map(short), ['created SubmodelDescriptor m', 'created AssetLinks s'])
  t.strictSame(rest.events.map(short), ['created ConceptDescription c'])
})

scene(t, 'with content full, events have the current element or document', async (t, { store, listen, write }) => {
  const full = await listen({ content: 'full' })
  const whole = submodel('m', property('Speed', '1'), collection('Line', [property('Load')]))
  await store.commit([create(whole)])
  await until(t, 'the first is sent', () => full.events.length === 1)
  await store.commit([await write('m', 'Speed', '2')])
  await until(t, 'the second is sent', () => full.events.length === 2)
  await store.commit([replace(whole, { touched: ['Line.Load', 'Gone'] })])
  await store.commit([{ change: 'delete', kind: 'Submodel', id: 'm' }])
  await until(t, 'all is sent', () => full.events.length === 4)
  t.match(full.events[0], { change: 'created', document: { id: 'm', submodelElements: [{ value: '1' }, {}] } })
  t.match(full.events[1], { value: 2, element: { idShort: 'Speed', value: '2' } })
  t.match(full.events[2], { document: undefined })
  t.notOk(full.events[3]?.event === 'document' && full.events[3].document)
})

scene(
  t,
  'the cursor advances although no selected change happens',
  async (t, { store, listen, write }) => {
    await store.commit([create(submodel('m', property('Speed')))])
    const other = await listen({ select: { submodels: ['other'] } })
    for (let i = 0; i < 5; i++) await store.commit([await write('m', 'Speed', String(i))])
    await until(t, 'a cursor comes', () => other.messages.length > 0)
    t.strictSame(other.events, [])
    await store.trimLog(5)
    t.equal((await listen({ since: other.cursor })).subscription?.recovered, true)
  },
  { silenceMs: 100 }
)

function idOf(event: StreamEvent | undefined): string {
  return `${event?.seq}/${event?.index}`
}

function reference(value: string) {
  return { type: 'ExternalReference' as const, keys: [{ type: 'GlobalReference' as const, value }] }
}

function shellOf(id: string, submodels: string[]): AssetAdministrationShell {
  return {
    modelType: 'AssetAdministrationShell',
    id,
    assetInformation: { assetKind: 'Instance', globalAssetId: `urn:${id}` },
    ...(submodels.length > 0 && {
      submodels: submodels.map((value) => ({
        type: 'ModelReference' as const,
        keys: [{ type: 'Submodel' as const, value }]
      }))
    })
  }
}

function createShell(id: string, ...submodels: string[]): Change {
  return {
    change: 'create',
    kind: 'AssetAdministrationShell',
    id,
    json: JSON.stringify(shellOf(id, submodels)),
    facets: []
  }
}

function replaceShell(id: string, ...submodels: string[]): Change {
  return {
    change: 'replace',
    kind: 'AssetAdministrationShell',
    id,
    json: JSON.stringify(shellOf(id, submodels)),
    facets: []
  }
}
