/** What of a push its sender may write (Part 4). */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import type { HubError } from '../../src/errors.ts'
import { SampleBatch } from '../../src/operations/samples/batch.ts'
import { createSeries } from '../../src/operations/samples/create.ts'
import { Ingest } from '../../src/operations/samples/ingest.ts'
import type { TemplateChecker } from '../../src/operations/validation/template-checker.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import { openSqlite } from '../../src/store/sqlite/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { eq, field, type Json, policyOf, rule, stored, str } from '../security/fixture.ts'
import { create, property, replace, submodel, withStore, write } from '../store/fixtures.ts'
import { testDirectory } from '../test-directory.ts'

interface World {
  readonly store: Store
  readonly ingest: Ingest
  readonly rules: RulesInForce
  /** Documents that were read. */
  readonly reads: string[]
  access(name?: string): Access
}

const noTemplates = { enforces: false, refused: () => [], forget: () => {} } as unknown as TemplateChecker

function given(title: string, rules: readonly Json[], body: (t: Test, world: World) => Promise<void>): void {
  t.test(title, async (t) => {
    await withStore(await openSqlite(join(testDirectory(t), 'data')), async (store) => {
      const press = { ...submodel('press', property('speed', '5'), property('recipe', '1')), idShort: 'line' }
      await store.commit([create(press), create(submodel('oven', property('speed', '5')))])
      await store.commit([create(submodel('plant', property('state', '0')))])
      const reads: string[] = []
      const counted: Store = Object.create(store, {
        document: {
          value: (...args: Parameters<Store['document']>) => {
            reads.push(args[1])
            return store.document(...args)
          }
        }
      })
      const inForce = new RulesInForce(policyOf(...rules))
      const series = createSeries(() => ({ store, stored: store, templates: noTemplates }), {})
      await body(t, {
        ...{ store, reads, rules: inForce, ingest: new Ingest({ store: bound(counted, store), create: series }) },
        access: (name = 'key:line-1') =>
          new Access(
            { store, rules: inForce, clock: systemClock },
            { subject: { claims: { role: 'gateway' } }, name, authentication: 'key' },
            ['/ingest']
          )
      })
    })
  })
}

/** Methods of the store need it as `this`. */
function bound(counted: Store, store: Store): Store {
  return new Proxy(counted, {
    get(target, name) {
      if (name === 'document') return target.document
      const held: unknown = Reflect.get(store, name)
      return typeof held === 'function' ? held.bind(store) : held
    }
  })
}

const sm = (id: string): Json => ({ IDENTIFIABLE: `$sm("${id}")` })
const sme = (id: string, path: string): Json => ({ REFERABLE: `$sme("${id}").${path}` })
const update = (...objects: Json[]) => rule({ rights: ['UPDATE'], objects })

function batch(...all: [id: string, path: string, value: unknown, time?: bigint][]): SampleBatch {
  const samples = new SampleBatch()
  // After the values that the documents came with.
  const now = BigInt(Date.now() + 1000) * 1_000_000n
  for (const [id, path, value, time = 10n] of all) samples.add(id, path, now + time, value)
  return samples
}

given('a series is stored where its element may be written', [update(sme('press', 'speed'))], async (t, world) => {
  const { ingest, store, reads } = world
  const access = world.access()
  t.match(await ingest.push(batch(['press', 'speed', 6]), { access }), { accepted: 1, refused: 0 })
  t.match(await store.element('press', 'speed'), { value: '{"value":"6"}' })
  t.strictSame(reads, [], 'no document is read')
})

given(
  'a series of a hidden element is refused as one that does not exist',
  [update(sme('press', 'speed'))],
  async (t, { ingest, store, ...world }) => {
    const access = world.access()
    const all = batch(['press', 'recipe', 2], ['press', 'absent', 2], ['oven', 'speed', 2], ['none', 'speed', 2])
    const { accepted, refused, refusals } = await ingest.push(all, { access, each: true })
    t.match({ accepted, refused }, { accepted: 0, refused: 4 })
    const texts = refusals.map(({ rule, text }) => `${rule}: ${text}`)
    t.strictSame(
      new Set(texts),
      new Set([
        'unknownSeries: the submodel "press" has no element "recipe"',
        'unknownSeries: the submodel "press" has no element "absent"',
        'unknownSeries: there is no submodel "oven"',
        'unknownSeries: there is no submodel "none"'
      ])
    )
    t.match(await store.element('press', 'recipe'), { value: '{"value":"1"}' })
  }
)

given(
  'a series that may be read is refused as forbidden, and the batch with it unless each sample counts',
  [update(sme('press', 'speed')), rule({ rights: ['READ'] })],
  async (t, { ingest, store, ...world }) => {
    const access = world.access()
    const both = () => batch(['press', 'speed', 6], ['press', 'recipe', 2])
    const error = (await t.rejects(ingest.push(both(), { access }))) as unknown as HubError
    t.match(error, { name: 'Forbidden', violations: [{ pointer: '/1', rule: 'forbidden' }] })
    t.match(await store.element('press', 'speed'), { value: '{"value":"5"}' })
    t.match(await ingest.push(both(), { access, each: true }), {
      ...{ accepted: 1, refused: 1 },
      refusals: [{ index: 1, rule: 'forbidden', text: 'UPDATE of the element "recipe" of "press" is not allowed' }]
    })
  }
)

given(
  'a rule on the structure is decided once while that does not change',
  [rule({ rights: ['UPDATE'], objects: [sm('*')], formula: eq(field('$sm#idShort'), str('line')) })],
  async (t, { ingest, store, reads, ...world }) => {
    const access = world.access()
    for (let value = 6; value < 10; value++) {
      const receipt = await ingest.push(batch(['press', 'speed', value, BigInt(value)]), { access, each: true })
      t.match(receipt, { accepted: 1 })
    }
    t.strictSame(reads, ['press'])
    const moved = { ...submodel('press', property('speed', '9'), property('recipe', '1')), idShort: 'lab' }
    await store.commit([replace(moved, { touched: [] })])
    const late = await ingest.push(batch(['press', 'speed', 10, 10n]), { access, each: true })
    t.match(late, { accepted: 0, refusals: [{ rule: 'unknownSeries' }] })
    t.match(await store.element('press', 'speed'), { value: '{"value":"9"}' })
  }
)

given(
  'rules that are replaced decide the next push',
  [rule({ rights: ['UPDATE'], objects: [sm('*')], formula: eq(field('$sm#idShort'), str('line')) })],
  async (t, { ingest, rules, ...world }) => {
    const access = world.access()
    t.match(await ingest.push(batch(['press', 'speed', 6]), { access, each: true }), { accepted: 1 })
    rules.replace(
      policyOf(rule({ rights: ['UPDATE'], objects: [sm('*')], formula: eq(field('$sm#idShort'), str('x')) }))
    )
    t.match(await ingest.push(batch(['press', 'speed', 7]), { access, each: true }), { accepted: 0 })
  }
)

given(
  'where rules read values, a push is allowed by those before and after it',
  [
    rule({
      rights: ['UPDATE'],
      objects: [sm('press')],
      formula: { $le: [{ $numCast: field('$sme.speed#value') }, { $numVal: 9 }] }
    }),
    rule({ rights: ['READ'] })
  ],
  async (t, { ingest, store, ...world }) => {
    const access = world.access()
    const push = (...all: Parameters<typeof batch>) => ingest.push(batch(...all), { access, each: true })
    t.match(await push(['press', 'recipe', 2, 1n]), { accepted: 1 })
    t.match(await push(['press', 'speed', 10, 2n]), { accepted: 0, refusals: [{ rule: 'forbidden' }] })
    await store.commit([await write(store, 'press', 'speed', '10')])
    t.match(await push(['press', 'recipe', 3, 3n]), { accepted: 0 })
    t.match(await store.element('press', 'recipe'), { value: '{"value":"2"}' })
  }
)

given(
  'a rule that refers to a value elsewhere holds in the commit, however the writers take turns',
  [
    rule({ rights: ['UPDATE'], objects: [sm('press')], formula: eq(stored('$sme("plant").state#value'), str('0')) }),
    rule({ rights: ['READ'] })
  ],
  async (t, { ingest, store, ...world }) => {
    const access = world.access()
    let time = 10n
    for (let round = 0; round < 30; round++) {
      await store.commit([await write(store, 'plant', 'state', '0')])
      const stopping = write(store, 'plant', 'state', '1').then((change) => store.commit([change]))
      const pushes = Array.from({ length: 5 }, () =>
        ingest.push(batch(['press', 'speed', round, time++]), { access, each: true })
      )
      const { seq } = await stopping
      for (const { accepted, seq: at } of await Promise.all(pushes)) {
        if (accepted > 0 && at > seq) t.fail(`a sample of commit ${at} was stored after the state changed in ${seq}`)
      }
    }
    t.match(await ingest.push(batch(['press', 'speed', 1, time]), { access, each: true }), { accepted: 0 })
  }
)

given('an idempotency key is the sender’s own', [update(sm('*'))], async (t, { ingest, ...world }) => {
  const key = { key: 'k', scope: 'ingest' }
  const push = (name: string, value: number) => {
    const samples = new SampleBatch()
    samples.add('press', 'speed', 10n, value)
    return ingest.push(samples, { access: world.access(name), key })
  }
  t.match(await push('key:one', 6), { repeated: false })
  t.match(await push('key:two', 7), { repeated: false })
  t.match(await push('key:one', 6), { repeated: true })
  await t.rejects(push('key:two', 6), { name: 'KeyReused' })
})

given(
  'elements are created where the sender may create them',
  [update(sm('press')), rule({ rights: ['CREATE'], objects: [sme('press', 'added')] })],
  async (t, { ingest, store, ...world }) => {
    const access = world.access()
    const all = batch(['press', 'added', 1], ['press', 'other', 1], ['new', 'added', 1])
    t.match(await ingest.push(all, { access, each: true }), { accepted: 1, refused: 2 })
    t.match(await store.element('press', 'added'), { value: '{"value":"1"}' })
    t.equal(await store.element('press', 'other'), undefined)
    t.equal(await store.document('Submodel', 'new'), undefined)
  }
)
