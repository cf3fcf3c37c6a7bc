/** Authorized commits, for each kind of store. */
import t, { type Test } from 'tap'
import { systemClock } from '../../src/clock.ts'
import type { HubError } from '../../src/errors.ts'
import type { Submodel, SubmodelElement } from '../../src/model/types.ts'
import { Access, RulesInForce } from '../../src/security/access.ts'
import type { Caller } from '../../src/security/caller.ts'
import type { RequiredRight } from '../../src/security/rights.ts'
import { WriteAuthorizer } from '../../src/security/write-authorizer.ts'
import type { Change, DocumentKind, Store } from '../../src/store/store.ts'
import { collection, create, property, replace, submodel, withStore, write } from '../store/fixtures.ts'
import { eq, field, type Json, policyOf, rule, stored, str } from './fixture.ts'

const caller: Caller = { subject: { claims: { role: 'operator' } }, name: 'user:kim', authentication: 'session' }

interface World {
  readonly store: Store
  readonly rules: RulesInForce
  /** Reads of documents and rows that authorizing made. */
  readonly reads: string[]
  commit(changes: readonly Change[], right?: RequiredRight): Promise<unknown>
  authorize(changes: readonly Change[], right?: RequiredRight): Promise<readonly Change[]>
}

const sm = (id: string): Json => ({ IDENTIFIABLE: `$sm("${id}")` })
const sme = (id: string, path: string): Json => ({ REFERABLE: `$sme("${id}").${path}` })
const isNamed = (text: string) => eq(field('$sm#idShort'), str(text))

function marked(id: string, idShort: string, ...elements: SubmodelElement[]): Submodel {
  return { ...submodel(id, ...elements), idShort }
}

/** @param open opens an empty store */
export function authorizing(title: string, open: (t: Test) => Promise<Store>): void {
  function given(about: string, rules: readonly Json[], body: (t: Test, world: World) => Promise<void>): void {
    t.test(`${title}: ${about}`, async (t) => {
      await withStore(await open(t), async (store) => {
        await store.commit([
          create(marked('press', 'line', property('speed', '5'), property('recipe', '1'))),
          create(marked('oven', 'lab', property('speed', '5'))),
          create(submodel('plant', property('state', '0'), property('other', '0')))
        ])
        const inForce = new RulesInForce(policyOf(...rules))
        const reads: string[] = []
        const counted = counting(store, reads)
        const access = new Access({ store, rules: inForce, clock: systemClock }, caller, ['/submodels'])
        const authorizer = (right: RequiredRight | undefined) =>
          new WriteAuthorizer({ store: counted, stored: counted, access, ...(right !== undefined && { right }) })
        await body(t, {
          store,
          rules: inForce,
          reads,
          commit: (changes, right) => authorizer(right).commit(changes),
          authorize: (changes, right) => authorizer(right).authorize(changes)
        })
      })
    })
  }

  given('a verdict that is always the same reads and guards nothing', [rule({ rights: ['ALL'] })], async (t, world) => {
    const { store, reads } = world
    const changes = [await write(store, 'press', 'speed', '6'), create(submodel('new')), deletion('Submodel', 'oven')]
    t.equal(await world.authorize(changes), changes)
    t.strictSame(reads, [])
    await world.commit(changes)
  })

  given(
    'a rule for one element neither reads nor guards, and covers nothing else',
    [
      rule({ rights: ['UPDATE'], objects: [sme('press', 'speed')] }),
      rule({ rights: ['READ'], objects: [sm('press')] })
    ],
    async (t, world) => {
      const { store, reads } = world
      const allowed = [await write(store, 'press', 'speed', '6')]
      t.equal(await world.authorize(allowed), allowed)
      t.strictSame(reads, [])
      const other = await write(store, 'press', 'recipe', '2')
      await refused(t, world.commit([...allowed, other]), 'Forbidden', 'UPDATE of the element "recipe"')
      t.match(await store.element('press', 'speed'), { value: '{"value":"5"}' })
      const document = marked('press', 'line', property('speed', '6'), property('recipe', '1'))
      await refused(t, world.commit([replace(document)]), 'Forbidden', 'UPDATE of Submodel "press"')
      await refused(t, world.commit([replace(document, { touched: [] })]), 'Forbidden')
      await world.commit([replace(document, { touched: ['speed'] })])
      await refused(t, world.commit([deletion('Submodel', 'press')]), 'Forbidden', 'DELETE')
    }
  )

  given(
    'what the caller may not see is refused as if it were absent',
    [rule({ rights: ['UPDATE'], objects: [sme('press', 'speed')] })],
    async (t, world) => {
      const { store } = world
      await refused(
        t,
        world.commit([await write(store, 'press', 'recipe', '2')]),
        'NotFound',
        'SubmodelElement "recipe"'
      )
      await refused(t, world.commit([await write(store, 'oven', 'speed', '2')]), 'NotFound', 'Submodel "oven"')
      await refused(t, world.commit([deletion('Submodel', 'oven')]), 'NotFound', 'Submodel "oven"')
      await refused(t, world.commit([replace(submodel('oven'))]), 'NotFound', 'Submodel "oven"')
      await refused(t, world.commit([replace(submodel('oven'))], UPSERT), 'Forbidden', 'UPDATE of Submodel "oven"')
    }
  )

  given(
    'a document may be created if the new one meets the formula',
    [rule({ rights: ['CREATE'], objects: [sm('*')], formula: isNamed('line') })],
    async (t, world) => {
      const { store } = world
      await world.commit([create(marked('a', 'line'))])
      await refused(t, world.commit([create(marked('b', 'line')), create(marked('c', 'lab'))]), 'Forbidden', '"c"')
      t.equal(await store.document('Submodel', 'b'), undefined)
      await refused(t, world.commit([create(marked('oven', 'line'))]), 'Forbidden', 'CREATE of Submodel "oven"')
    }
  )

  given(
    'that a visible document exists is not concealed',
    [
      rule({ rights: ['CREATE'], objects: [sm('*')] }),
      rule({ rights: ['READ'], objects: [sm('*')], formula: isNamed('line') })
    ],
    async (t, world) => {
      await refused(t, world.commit([create(marked('press', 'line'))]), 'AlreadyExists')
      await refused(t, world.commit([create(marked('oven', 'line'))]), 'Forbidden')
    }
  )

  given(
    'a document is replaced if the formula is true before and after',
    [rule({ rights: ['UPDATE', 'DELETE'], objects: [sm('*')], formula: isNamed('line') })],
    async (t, world) => {
      const { store } = world
      await world.commit([replace(marked('press', 'line', property('speed', '6')))])
      await refused(t, world.commit([replace(marked('press', 'lab'))]), 'Forbidden', 'UPDATE of Submodel "press"')
      await refused(t, world.commit([replace(marked('oven', 'line'))]), 'NotFound')
      await refused(t, world.commit([deletion('Submodel', 'oven')]), 'NotFound')
      await world.commit([deletion('Submodel', 'press')])
      t.equal(await store.document('Submodel', 'press'), undefined)
    }
  )

  given(
    'elements are created and deleted by rights of their own',
    [
      rule({ rights: ['CREATE', 'READ'], objects: [sm('press')], formula: isNamed('line') }),
      rule({ rights: ['DELETE'], objects: [sme('press', 'recipe')] })
    ],
    async (t, world) => {
      const [speed, recipe, more] = [property('speed', '5'), property('recipe', '1'), property('more', '1')]
      const added = replace(marked('press', 'line', speed, recipe, more), {
        touched: ['more'],
        subtreeAction: 'created'
      })
      await world.commit([added])
      const removed = (path: string, ...left: SubmodelElement[]) =>
        replace(marked('press', 'line', ...left), { touched: [path], subtreeAction: 'deleted' })
      await refused(t, world.commit([removed('more', speed, recipe)]), 'Forbidden', 'DELETE of the element "more"')
      await world.commit([removed('recipe', speed, more)])
      await refused(t, world.commit([removed('speed', more)], 'DELETE'), 'Forbidden', 'DELETE')
    }
  )

  given(
    'an element that would make its own rule true may not be created',
    [
      rule({ rights: ['CREATE'], objects: [sm('press')], formula: eq(field('$sme.key#value'), str('1')) }),
      rule({ rights: ['READ'] })
    ],
    async (t, world) => {
      const document = marked('press', 'line', property('speed', '5'), property('recipe', '1'), property('key', '1'))
      const added = replace(document, { touched: ['key'], subtreeAction: 'created' })
      await refused(t, world.commit([added]), 'Forbidden')
    }
  )

  given(
    'a value is written while the formula over values is true, before and after',
    [
      rule({
        rights: ['UPDATE'],
        objects: [sm('press')],
        formula: { $le: [number('$sme.speed#value'), { $numVal: 9 }] }
      }),
      rule({ rights: ['READ'] })
    ],
    async (t, world) => {
      const { store } = world
      await world.commit([await write(store, 'press', 'speed', '9')])
      await refused(t, world.commit([await write(store, 'press', 'speed', '10')]), 'Forbidden')
      await store.commit([await write(store, 'press', 'speed', '10')])
      await refused(t, world.commit([await write(store, 'press', 'recipe', '1')]), 'Forbidden')
      await refused(t, world.commit([await write(store, 'press', 'speed', '1')]), 'Forbidden')
    }
  )

  given(
    'a value that the formula reads and that is written meanwhile makes the commit fail, another one does not',
    [rule({ rights: ['UPDATE'], objects: [sm('press')], formula: eq(field('$sme.recipe#value'), str('1')) })],
    async (t, world) => {
      const { store } = world
      const changes = await world.authorize([await write(store, 'press', 'speed', '6')])
      await store.commit([await write(store, 'press', 'speed', '7')])
      await store.commit(changes)
      const late = await world.authorize([await write(store, 'press', 'speed', '8')])
      await store.commit([await write(store, 'press', 'recipe', '2')])
      await refused(t, store.commit(late), 'Conflict')
      await refused(t, world.commit([await write(store, 'press', 'speed', '8')]), 'NotFound')
      t.match(await store.element('press', 'speed'), { value: '{"value":"6"}' })
    }
  )

  given(
    'a structure that is changed meanwhile makes the commit fail',
    [rule({ rights: ['UPDATE'], objects: [sm('*')], formula: isNamed('line') })],
    async (t, world) => {
      const { store } = world
      const changes = await world.authorize([await write(store, 'press', 'speed', '6')])
      const moved = marked('press', 'lab', property('speed', '5'), property('recipe', '1'))
      await store.commit([replace(moved, { touched: [] })])
      await refused(t, store.commit(changes), 'Conflict')
    }
  )

  given(
    'a rule that refers to a value elsewhere holds when the commit is made',
    [
      rule({ rights: ['ALL'], objects: [sm('press')], formula: eq(stored('$sme("plant").state#value'), str('0')) }),
      rule({ rights: ['READ'] })
    ],
    async (t, world) => {
      const { store } = world
      const changes = await world.authorize([await write(store, 'press', 'speed', '6')])
      await store.commit([await write(store, 'plant', 'other', '1')])
      await store.commit(changes)
      const late = await world.authorize([await write(store, 'press', 'speed', '7')])
      await store.commit([await write(store, 'plant', 'state', '1')])
      await refused(t, store.commit(late), 'Conflict')
      await refused(t, world.commit([await write(store, 'press', 'speed', '7')]), 'Forbidden')
      t.match(await store.element('press', 'speed'), { value: '{"value":"6"}' })
    }
  )

  given(
    'a reference to what is not there is guarded as well',
    [
      rule({
        rights: ['UPDATE'],
        objects: [sm('press')],
        formula: { $not: eq(stored('$sme("gone").state#value'), str('1')) }
      }),
      rule({ rights: ['UPDATE'], objects: [sm('press')] })
    ],
    async (t, world) => {
      const { store } = world
      const changes = await world.authorize([await write(store, 'press', 'speed', '6')])
      await store.commit([create(submodel('gone', property('state', '1')))])
      await refused(t, store.commit(changes), 'Conflict')
      await world.commit([await write(store, 'press', 'speed', '6')])
    }
  )

  const withFilter = rule({
    rights: ['UPDATE', 'READ'],
    objects: [sm('*')],
    more: { FILTER: { FRAGMENT: '$sme.recipe', CONDITION: eq(field('$sm#idShort'), str('nowhere')) } }
  })

  given('what a filter hides is not covered', [withFilter], async (t, world) => {
    const { store } = world
    const document = marked('press', 'line', property('speed', '6'), property('recipe', '1'))
    await refused(t, world.commit([replace(document)]), 'Forbidden')
    await refused(t, world.commit([await write(store, 'press', 'recipe', '2')]), 'NotFound')
    await world.commit([replace(document, { touched: ['speed'] })])
    await world.commit([await write(store, 'press', 'speed', '7')])
    await world.commit([replace(document, { touched: [] })])
    await world.commit([replace(marked('oven', 'lab', property('speed', '6')))])
    await refused(t, world.commit([replace(marked('oven', 'lab', property('recipe', '6')))]), 'Forbidden')
  })

  given(
    'values below a collection are authorized one by one',
    [rule({ rights: ['UPDATE'], objects: [sme('line', 'a.x')] }), rule({ rights: ['READ'] })],
    async (t, world) => {
      const { store } = world
      await store.commit([create(submodel('line', collection('a', [property('x', '1'), property('y', '1')])))])
      await world.commit([await write(store, 'line', 'a.x', '2')])
      const both = [await write(store, 'line', 'a.x', '3'), await write(store, 'line', 'a.y', '3')]
      await refused(t, world.commit(both), 'Forbidden', 'a.y')
      t.match(await store.element('line', 'a.x'), { value: '{"value":"2"}' })
    }
  )

  given(
    'a file is attached by who may write the element that links to it',
    [rule({ rights: ['UPDATE'], objects: [sme('files', 'manual')] }), rule({ rights: ['READ'] })],
    async (t, world) => {
      const { store } = world
      const link = (idShort: string, value: string) => ({ modelType: 'File', idShort, value }) as SubmodelElement
      await store.commit([create(submodel('files', link('manual', '/m.pdf'), link('secret', '/s.pdf')))])
      const attach = async (name: string) => {
        const { blob, size } = await store.receive((await import('node:stream')).Readable.from(['x']), 10)
        const files = [{ name, contentType: 'text/plain', fileName: 'x', size, blob }]
        return { change: 'attach', kind: 'Submodel', id: 'files', files } as const
      }
      await world.commit([await attach('/m.pdf')])
      await refused(t, world.commit([await attach('/s.pdf')]), 'Forbidden', 'secret')
      await refused(t, world.commit([await attach('/unknown.pdf')]), 'Forbidden')
      const detach = (name: string): Change => ({ change: 'detach', kind: 'Submodel', id: 'files', names: [name] })
      await refused(t, world.commit([detach('/s.pdf')]), 'Forbidden')
      await world.commit([detach('/m.pdf')])
    }
  )

  given(
    'asset links are written as the shell that they are of',
    [rule({ rights: ['UPDATE', 'CREATE'], objects: [{ IDENTIFIABLE: '$aas("a")' }] })],
    async (t, world) => {
      const links = (id: string): Change => ({ change: 'create', kind: 'AssetLinks', id, json: '[]', facets: [] })
      await world.commit([links('a')])
      await refused(t, world.commit([links('b')], UPSERT), 'Forbidden')
      await refused(t, world.commit([deletion('AssetLinks', 'a')], 'DELETE'), 'NotFound')
    }
  )

  given('packages are written by who may write everything', [rule({ rights: ['CREATE'] })], async (t, world) => {
    const json = '{"packageId":"p","aasIds":[]}'
    await world.commit([{ change: 'create', kind: 'Package', id: 'p', json, facets: [] }])
    await refused(t, world.commit([deletion('Package', 'p')]), 'NotFound')
    world.rules.replace(policyOf(rule({ rights: ['ALL'], objects: [sm('*')] })))
    await refused(t, world.commit([{ change: 'create', kind: 'Package', id: 'q', json, facets: [] }]), 'Forbidden')
  })

  given('no caller writes what belongs to the hub', [rule({ rights: ['ALL'] })], async (t, world) => {
    for (const kind of ['Job', 'Validation', 'SparkplugBirth', 'Credential', 'AccessRules'] as const) {
      await t.rejects(world.commit([{ change: 'create', kind, id: 'x', json: '{}', facets: [] }]), kind)
    }
  })
}

const UPSERT = { absent: 'CREATE', present: 'UPDATE' } as const

function number($field: string): Json {
  return { $numCast: { $field } }
}

function deletion(kind: DocumentKind, id: string): Change {
  return { change: 'delete', kind, id }
}

async function refused(t: Test, commit: Promise<unknown>, name: HubError['name'], text = ''): Promise<void> {
  const error = (await commit.then(
    () => undefined,
    (error: unknown) => error
  )) as HubError | undefined
  t.equal(error?.name, name, text)
  t.ok(error?.message.includes(text), `${error?.message} names ${text}`)
}

/** The store itself; its reads are noted. */
function counting(store: Store, reads: string[]): Store {
  return new Proxy(store, {
    get(target, name) {
      const held: unknown = Reflect.get(target, name)
      if (typeof held !== 'function') return held
      if (['document', 'documents', 'head', 'element'].includes(String(name))) {
        return (...args: unknown[]) => {
          reads.push(String(name))
          return Reflect.apply(held, target, args)
        }
      }
      return held.bind(target)
    }
  })
}
