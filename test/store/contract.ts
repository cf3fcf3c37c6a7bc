/** The promises of the port (src/store/store.ts) as tests, which every store passes unchanged. */
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { type Clock, clockOf } from '../../src/clock.ts'
import type { HubError } from '../../src/errors.ts'
import { membersAt, newestOf, type Run, spanOf } from '../../src/model/samples.ts'
import type { Reference } from '../../src/model/types.ts'
import { ChainVerifier, EMPTY_CHAIN } from '../../src/store/audit-chain.ts'
import { defaultSourceTime } from '../../src/store/current-value.ts'
import { parseRevision, revisionsOf } from '../../src/store/revisions.ts'
import { decodeRun, encodeRun } from '../../src/store/run-codec.ts'
import type { Chunk, SeriesName } from '../../src/store/series.ts'
import type {
  Change,
  Commit,
  ElementCondition,
  ExpectedState,
  FileEntry,
  LogEntry,
  RevisionAction,
  Store
} from '../../src/store/store.ts'
import { testDirectory } from '../test-directory.ts'
import {
  all,
  collection,
  create,
  parsed,
  property,
  replace,
  submodel,
  submodelOf,
  withStore,
  write
} from './fixtures.ts'

/**
 * @param open opens the store at a place, a directory of its own for each test; the same place has the same data.
 * `clock` is the server time
 */
export function contract(t: Test, open: Open): void {
  const test = (title: string, body: (t: Test, store: Store) => Promise<void>) =>
    t.test(title, async (t) => {
      await withStore(await open(join(testDirectory(t), 'data')), (store) => body(t, store))
    })

  documents(test)
  values(test)
  structureBesideValues(test)
  commits(test)
  guards(test)
  pages(test)
  log(test)
  audit(test)
  files(test)
  samples(test)
  chunks(test)
  revisions(test)
  lifetime(t, open)
}

/** The source time of values that were committed without one. */
function momentIn({ seq, time }: Commit): bigint {
  return defaultSourceTime({ seq, clock: time })
}

/** A value with a source time, for a property of the submodel `a`. */
async function dated(store: Store, path: string, sourceTime: bigint, text: string) {
  const incarnation = (await store.element('a', path))?.incarnation ?? -1
  return { change: 'value', submodel: 'a', path, incarnation, value: `{"value":"${text}"}`, sourceTime } as const
}

type Open = (place: string, options?: { readonly clock?: Clock; readonly cacheBytes?: number }) => Promise<Store>

type Define = (title: string, body: (t: Test, store: Store) => Promise<void>) => void

function documents(test: Define): void {
  test('a created document is read back byte for byte, with its revision', async (t, store) => {
    const json = '{"modelType":"ConceptDescription","id":"ä\u{1f600}","__proto__":{"x":1}}'
    const change: Change = { change: 'create', kind: 'ConceptDescription', id: 'ä\u{1f600}', json, facets: [] }
    const { seq } = await store.commit([change])
    const document = await store.document('ConceptDescription', 'ä\u{1f600}')
    t.match(document, {
      kind: 'ConceptDescription',
      id: 'ä\u{1f600}',
      revision: seq,
      structureRevision: seq,
      hasBlob: false
    })
    t.equal(document?.bytes.toString(), json)
  })

  test('ids are scoped by kind, and names of inherited object members are ordinary ids', async (t, store) => {
    await store.commit([create(submodel('__proto__', property('constructor', '1')))])
    t.ok(await store.document('Submodel', '__proto__'))
    t.equal(await store.document('ConceptDescription', '__proto__'), undefined)
    t.equal((await store.element('__proto__', 'constructor'))?.value, '{"value":"1"}')
    t.equal(await store.element('__proto__', 'toString'), undefined)
  })

  test('an existing document cannot be created, a missing one neither replaced nor deleted', async (t, store) => {
    await store.commit([create(submodel('a'))])
    await refused(t, store, 'AlreadyExists', create(submodel('a')))
    await refused(t, store, 'NotFound', replace(submodel('b')))
    await refused(t, store, 'NotFound', { change: 'delete', kind: 'Submodel', id: 'b' })
    await refused(t, store, 'NotFound', { change: 'attach', kind: 'Submodel', id: 'b', files: [] })
    await refused(t, store, 'NotFound', { change: 'detach', kind: 'Submodel', id: 'b', names: [] })
  })

  test('a replacement is guarded by structure revision and by revision', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1')))])
    const written = await store.commit([await write(store, 'a', 'p', '2')])
    await refused(t, store, 'Conflict', replace(submodel('a'), { ifStructureRevision: seq - 1 }))
    await refused(t, store, 'PreconditionFailed', replace(submodel('a'), { ifRevision: seq }))
    await refused(t, store, 'PreconditionFailed', { change: 'delete', kind: 'Submodel', id: 'a', ifRevision: seq })
    const replaced = await store.commit([replace(submodel('a'), { ifStructureRevision: seq, ifRevision: written.seq })])
    await refused(t, store, 'Conflict', replace(submodel('a'), { ifStructureRevision: seq }))
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'a', ifRevision: replaced.seq }])
    t.equal(await store.document('Submodel', 'a'), undefined)
  })

  test('deleting a document deletes its elements, facets and files; a new one with its id comes last', async (t, store) => {
    await store.commit([create(submodel('a', property('p')), ['idShort', 'x'])])
    await store.commit([create(submodel('b'), ['idShort', 'x'])])
    await attach(store, 'a', 'f', 'bytes')
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'a' }])
    t.equal(await store.element('a', 'p'), undefined)
    t.equal(await store.file('Submodel', 'a', 'f'), undefined)
    t.strictSame(await ids(store, [['idShort', 'x']]), ['b'])
    await store.commit([create(submodel('a'))])
    t.strictSame(await ids(store, []), ['b', 'a'])
    t.strictSame(await ids(store, [['idShort', 'x']]), ['b'])
    t.strictSame(await store.files('Submodel', 'a'), [])
  })

  test('the last document, deleted and created again, gets a new position', async (t, store) => {
    await store.commit([create(submodel('a'))])
    const before = await store.document('Submodel', 'a')
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'a' }])
    await store.commit([create(submodel('a'))])
    t.ok(Number((await store.document('Submodel', 'a'))?.position) > Number(before?.position))
  })

  test('hasBlob is set if any Blob has a value, including operation variables', async (t, store) => {
    const blob = { modelType: 'Blob', idShort: 'b', value: 'AAAA' } as const
    await store.commit([create(submodel('with', collection('c', [blob])))])
    await store.commit([create(submodel('without', { modelType: 'Blob', idShort: 'b' }))])
    const variable = {
      modelType: 'Operation',
      idShort: 'o',
      inputVariables: [{ value: collection('c', [blob]) }]
    } as const
    await store.commit([create(submodel('variable', { ...variable, inputVariables: [...variable.inputVariables] }))])
    t.equal((await store.document('Submodel', 'with'))?.hasBlob, true)
    t.equal((await store.document('Submodel', 'without'))?.hasBlob, false)
    t.equal((await store.document('Submodel', 'variable'))?.hasBlob, true)
    await store.commit([await write(store, 'without', 'b', 'AAAA')])
    t.equal((await store.document('Submodel', 'without'))?.hasBlob, true)
    const incarnation = (await store.element('without', 'b'))?.incarnation ?? -1
    await store.commit([{ change: 'value', submodel: 'without', path: 'b', incarnation, value: '{}' }])
    t.equal((await store.document('Submodel', 'without'))?.hasBlob, false)
  })

  test('if two elements have the same path, the path leads to the first', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1'), property('p', '2'), property('q')))])
    t.equal((await store.element('a', 'p'))?.value, '{"value":"1"}')
    await store.commit([await write(store, 'a', 'p', '3'), await write(store, 'a', 'q', '4')])
    t.strictSame(
      await submodelOf(store, 'a'),
      submodel('a', property('p', '3'), property('p', '2'), property('q', '4'))
    )
  })
}

function values(test: Define): void {
  test('element rows contain modelType, valueType, semanticId and value', async (t, store) => {
    const range = { modelType: 'Range', idShort: 'r', valueType: 'xs:int', min: '1' } as const
    const semanticId = {
      type: 'ExternalReference' as const,
      keys: [{ type: 'GlobalReference' as const, value: 'urn:x' }]
    }
    const list = {
      modelType: 'SubmodelElementList' as const,
      idShort: 'l',
      typeValueListElement: 'Property' as const,
      value: [property('ignored', '7')]
    }
    const commit = await store.commit([
      create(submodel('a', collection('c', [range, list]), { ...property('p'), semanticId }))
    ])
    const { seq } = commit
    const fresh = { incarnation: seq, revision: seq, sourceTime: momentIn(commit), quality: undefined }
    t.strictSame(await store.element('a', 'c.r'), {
      path: 'c.r',
      modelType: 'Range',
      valueType: 'xs:int',
      semanticId: undefined,
      value: '{"min":"1"}',
      ...fresh
    })
    t.match(await store.element('a', 'c.l[0]'), { modelType: 'Property', value: '{"value":"7"}' })
    t.match(await store.element('a', 'c'), { modelType: 'SubmodelElementCollection', value: '{}' })
    t.match(await store.element('a', 'p'), { semanticId: 'urn:x', value: '{}', sourceTime: undefined })
    t.equal(await store.element('a', 'c.l[1]'), undefined)
    t.equal(await store.element('b', 'p'), undefined)
  })

  test('a value write is visible in row and document, and changes the revision but not the structure revision', async (t, store) => {
    const { seq: structureRevision } = await store.commit([
      create(submodel('a', property('p', '1'), collection('c', [property('q')])))
    ])
    await store.document('Submodel', 'a')
    await store.commit([await write(store, 'a', 'p', '2')])
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '2'), collection('c', [property('q')])))
    const { seq } = await store.commit([await write(store, 'a', 'c.q', '3')])
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '2'), collection('c', [property('q', '3')])))
    t.match(await store.document('Submodel', 'a'), { revision: seq, structureRevision })
    t.match(await store.element('a', 'c.q'), { value: '{"value":"3"}', revision: seq, incarnation: structureRevision })
  })

  test('a value without members removes the value', async (t, store) => {
    const { seq: incarnation } = await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([{ change: 'value', submodel: 'a', path: 'p', incarnation, value: '{}' }])
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p')))
  })

  test('a value for an outdated incarnation is refused', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1')))])
    const stale = await write(store, 'a', 'p', '2')
    await store.commit([replace(submodel('a', property('p', '3')))])
    await refused(t, store, 'Conflict', stale)
    await refused(t, store, 'Conflict', await write(store, 'a', 'gone', '2'))
    await refused(t, store, 'Conflict', await write(store, 'nowhere', 'p', '2'))
    t.equal((await store.element('a', 'p'))?.value, '{"value":"3"}')
  })

  test('a value write is guarded by the revision of its element', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
    const guarded = { ...(await write(store, 'a', 'p', '2')), ifRevision: seq }
    await store.commit([await write(store, 'a', 'q', '2')])
    await store.commit([guarded])
    await refused(t, store, 'PreconditionFailed', guarded)
  })

  test('of values with source times the newest is current, in any order of arrival; all are logged', async (t, store) => {
    const { seq: incarnation } = await store.commit([create(submodel('a', property('p')))])
    const at = (sourceTime: bigint, text: string): Change => {
      const value = JSON.stringify({ value: text })
      return { change: 'value', submodel: 'a', path: 'p', incarnation, value, sourceTime, quality: 'uncertain' }
    }
    const start = 1_700_000_000_123_456_789n
    await store.commit([at(start, 'first')])
    const newest = await store.commit([at(start + 2n, 'third')])
    const late = await store.commit([at(start + 1n, 'second')])
    const row = await store.element('a', 'p')
    t.match(row, { value: '{"value":"third"}', revision: newest.seq, quality: 'uncertain' })
    t.equal(row?.sourceTime, start + 2n)
    t.equal((await store.document('Submodel', 'a'))?.revision, newest.seq)
    const { entries } = await store.log(late.seq - 1, 10)
    t.strictSame(entries[0]?.changes, [
      {
        change: 'value',
        submodel: 'a',
        path: 'p',
        value: '{"value":"second"}',
        sourceTime: start + 1n,
        quality: 'uncertain'
      }
    ])
    await store.commit([at(start + 2n, 'again')])
    t.equal((await store.element('a', 'p'))?.value, '{"value":"again"}', 'the later of two at the same time wins')
  })

  test('a value without source time becomes current even after one from the future', async (t, store) => {
    const { seq: incarnation } = await store.commit([create(submodel('a', property('p')))])
    const future = BigInt(Date.now() + 1e9) * 1_000_000n
    const value = '{"value":"9"}'
    await store.commit([{ change: 'value', submodel: 'a', path: 'p', incarnation, value, sourceTime: future }])
    const { seq, time } = await store.commit([await write(store, 'a', 'p', '1')])
    const row = await store.element('a', 'p')
    t.match(row, { value: '{"value":"1"}', quality: undefined })
    t.equal(row?.sourceTime, BigInt(time) * 1_000_000n + BigInt(seq), 'no two commits are of the same time')
  })

  test('a value in a new document is dated by the commit: an older one is logged, but not current', async (t, store) => {
    const made = await store.commit([create(submodel('a', property('p', '1'), property('q'), property('r', '1')))])
    const old = await sampled(store, 'a', 'p', [30n, 40n], ['3', '4'])
    await store.commit([old, await dated(store, 'r', momentIn(made) - 1n, '0')])
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}', sourceTime: momentIn(made), revision: made.seq })
    t.match(await store.element('a', 'r'), { value: '{"value":"1"}' })
    t.equal((await store.log(made.seq, 9)).entries[0]?.changes.length, 2)
    await store.commit([await dated(store, 'q', 30n, '3')])
    t.match(await store.element('a', 'q'), { value: '{"value":"3"}', sourceTime: 30n }, 'where there was none, any is')
    await store.commit([await dated(store, 'p', momentIn(made), '5')])
    t.match(await store.element('a', 'p'), { value: '{"value":"5"}', sourceTime: momentIn(made) })

    const replaced = await store.commit([replace(submodel('a', property('p', '6'), property('q')), { touched: ['p'] })])
    await store.commit([await dated(store, 'p', momentIn(replaced) - 1n, '7')])
    t.match(await store.element('a', 'p'), { value: '{"value":"6"}', sourceTime: momentIn(replaced) })
    t.match(await store.element('a', 'q'), { value: '{"value":"3"}', sourceTime: 30n })
  })

  test('a value from far in the future does not block later values', async (t, store) => {
    await store.commit([create(submodel('a', property('p'), property('q')))])
    const now = BigInt(Date.now()) * 1_000_000n
    const future = now + 3_600_000_000_000n
    await store.commit([await dated(store, 'p', future, '9')])
    await store.commit([await dated(store, 'p', now - 1000n, '1')])
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}', sourceTime: now - 1000n })
    await store.commit([await dated(store, 'p', now - 2000n, '0')])
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}' }, 'then order holds again')
    await store.commit([await sampled(store, 'a', 'q', [future, future + 1n], ['8', '9'])])
    await store.commit([await sampled(store, 'a', 'q', [now - 2n, now - 1n], ['1', '2'])])
    t.match(await store.element('a', 'q'), { value: '{"value":"2"}', sourceTime: now - 1n })
    const document = await submodelOf(store, 'a')
    t.strictSame(document, submodel('a', property('p', '1'), property('q', '2')))
  })

  test('a time slightly ahead of the clock is trusted, but does not block values dated by arrival', async (t, store) => {
    await store.commit([create(submodel('a', property('p')))])
    const now = BigInt(Date.now()) * 1_000_000n
    const ahead = now + 60_000_000_000n
    await store.commit([await dated(store, 'p', ahead, '9')])
    await store.commit([await dated(store, 'p', now, '8')])
    t.match(await store.element('a', 'p'), { value: '{"value":"9"}' }, 'its source says that it is older')
    await store.commit([{ ...(await dated(store, 'p', now, '1')), timing: 'arrival' }])
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}', sourceTime: now })
    await store.commit([{ ...(await sampled(store, 'a', 'p', [now + 1n, now + 2n], ['2', '3'])), timing: 'arrival' }])
    t.match(await store.element('a', 'p'), { value: '{"value":"3"}' })
    await store.commit([{ ...(await dated(store, 'p', now, '4')), timing: 'arrival' }])
    t.match(await store.element('a', 'p'), { value: '{"value":"3"}' }, 'one that was held up on its way is late')
  })

  test('a historical value is logged, but never current', async (t, store) => {
    await store.commit([create(submodel('a', property('p')))])
    const now = BigInt(Date.now()) * 1_000_000n
    const { seq } = await store.commit([await dated(store, 'p', now, '1')])
    await store.commit([{ ...(await dated(store, 'p', now + 1n, '2')), timing: 'historical' }])
    await store.commit([
      { ...(await sampled(store, 'a', 'p', [now + 2n, now + 3n], ['3', '4'])), timing: 'historical' }
    ])
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}', sourceTime: now, revision: seq })
    t.equal((await store.log(seq, 9)).entries.length, 2)
  })

  test('a source time beyond 64 bits is refused', async (t, store) => {
    const { seq: incarnation } = await store.commit([create(submodel('a', property('p')))])
    const sourceTime = 2n ** 63n
    await refused(t, store, 'BadRequest', {
      change: 'value',
      submodel: 'a',
      path: 'p',
      incarnation,
      value: '{}',
      sourceTime
    })
  })
}

function structureBesideValues(test: Define): void {
  test('a structural change keeps values written elsewhere in the meantime, in rows and document', async (t, store) => {
    await store.commit([
      create(submodel('a', property('p', '1'), property('q', '1'), collection('c', [property('r', '1')])))
    ])
    const before = await store.document('Submodel', 'a')
    const { seq: written } = await store.commit([await write(store, 'a', 'p', '2')])
    const incarnation = (await store.element('a', 'p'))?.incarnation
    await store.commit([await write(store, 'a', 'c.r', '2')])
    const changed = submodel(
      'a',
      property('p', '1'),
      property('q', '5'),
      collection('c', [property('r', '6'), property('s')])
    )
    const guard = { touched: ['q', 'c'], ifStructureRevision: Number(before?.structureRevision) }
    const commit = await store.commit([replace(changed, guard)])
    const { seq } = commit
    t.strictSame(
      await submodelOf(store, 'a'),
      submodel('a', property('p', '2'), property('q', '5'), collection('c', [property('r', '6'), property('s')]))
    )
    t.match(await store.document('Submodel', 'a'), { revision: seq, structureRevision: seq })
    t.match(await store.element('a', 'p'), { value: '{"value":"2"}', incarnation, revision: written })
    t.match(await store.element('a', 'q'), { value: '{"value":"5"}', incarnation: seq, sourceTime: momentIn(commit) })
    t.match(await store.element('a', 'c.r'), { value: '{"value":"6"}', incarnation: seq, sourceTime: momentIn(commit) })
    t.match(await store.element('a', 'c.s'), { incarnation: seq })
    await store.commit([await write(store, 'a', 'c.s', '7')])
    t.strictSame(
      await submodelOf(store, 'a'),
      submodel('a', property('p', '2'), property('q', '5'), collection('c', [property('r', '6'), property('s', '7')]))
    )
  })

  test('a change of members outside all elements touches no element', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1')))])
    const late = await write(store, 'a', 'p', '3')
    await store.commit([await write(store, 'a', 'p', '2')])
    await store.commit([replace({ ...submodel('a', property('p', '1')), idShort: 'renamed' }, { touched: [] })])
    t.strictSame(await submodelOf(store, 'a'), { ...submodel('a', property('p', '2')), idShort: 'renamed' })
    await store.commit([late])
    t.equal((await store.element('a', 'p'))?.value, '{"value":"3"}')
  })

  test('a change derived from an outdated read is refused if it would revert a value', async (t, store) => {
    const { seq: read } = await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
    const { seq } = await store.commit([await write(store, 'a', 'p', '2')])
    const change = submodel('a', property('p', '1'), property('q', '5'))
    await refused(t, store, 'Conflict', replace(change, { asOf: read }))
    await refused(t, store, 'Conflict', replace(change, { asOf: read, touched: ['q', 'p'] }))
    await store.commit([replace(change, { asOf: read, touched: ['q'] })])
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '2'), property('q', '5')))
    await refused(t, store, 'Conflict', replace(change, { asOf: seq }))
    await store.commit([replace(change, { asOf: seq + 1 })])
  })

  test('an element whose name starts with that of a touched one is not touched', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1'), property('pp', '1')))])
    await store.commit([replace(submodel('a', property('p', '2'), property('pp', '1')), { touched: ['p'] })])
    t.equal((await store.element('a', 'pp'))?.incarnation, seq)
  })

  test('rows of removed elements are deleted; an element of another kind keeps nothing', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1'), property('q', '1'), property('r', '1')))])
    await store.commit([await write(store, 'a', 'q', '2')])
    const q = { modelType: 'Range' as const, idShort: 'q', valueType: 'xs:double' as const }
    const { seq } = await store.commit([replace(submodel('a', property('p', '1'), q), { touched: ['r'] })])
    t.equal(await store.element('a', 'r'), undefined)
    t.match(await store.element('a', 'q'), { modelType: 'Range', value: '{}', incarnation: seq })
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '1'), q))
    t.equal((await store.figures()).elements, 2)
  })

  test('replacing the whole document gives every element a new incarnation', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([await write(store, 'a', 'p', '2')])
    const commit = await store.commit([replace(submodel('a', property('p', '1')))])
    const [incarnation, sourceTime] = [commit.seq, momentIn(commit)]
    t.match(await store.element('a', 'p'), { value: '{"value":"1"}', incarnation, sourceTime })
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '1')))
  })

  test('concurrent value and structure writes in disjoint subtrees lose nothing', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '0'), collection('c', [])))])
    const values = async () => {
      for (let n = 1; n <= 100; n++) await store.commit([await write(store, 'a', 'p', String(n))])
    }
    const structure = async () => {
      for (let n = 1; n <= 25; n++) {
        const read = await store.document('Submodel', 'a')
        const p = (parsed(read) as ReturnType<typeof submodel>).submodelElements?.[0] ?? property('p')
        const change = submodel('a', p, collection('c', [property(`n${n}`, String(n))]))
        await store.commit([replace(change, { touched: ['c'], ifStructureRevision: Number(read?.structureRevision) })])
      }
    }
    await Promise.all([values(), structure()])
    const end = submodel('a', property('p', '100'), collection('c', [property('n25', '25')]))
    t.strictSame(await submodelOf(store, 'a'), end)
    t.equal((await store.element('a', 'p'))?.value, '{"value":"100"}')
  })
}

function commits(test: Define): void {
  test('a commit becomes visible as a whole or not at all, with one log entry', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1')))])
    const value = await write(store, 'a', 'p', '2')
    const all = [create(submodel('b', property('p'))), value, { change: 'delete', kind: 'Submodel', id: 'c' }] as const
    await t.rejects(store.commit(all), { name: 'NotFound' })
    t.equal(await store.document('Submodel', 'b'), undefined)
    t.equal(await store.element('b', 'p'), undefined)
    t.equal((await store.element('a', 'p'))?.value, '{"value":"1"}')
    t.strictSame((await store.figures()).documents.Submodel, 1)
    const done = await store.commit(all.slice(0, 2))
    t.equal(done.seq, seq + 1, 'a refused commit uses up no seq')
    t.match((await store.log(seq, 10)).entries, [{ changes: [{ change: 'created', id: 'b' }, { change: 'value' }] }])
  })

  test('the changes of a commit build on each other', async (t, store) => {
    await store.commit([
      create(submodel('a')),
      replace(submodel('a', property('p', '1'))),
      { change: 'delete', kind: 'Submodel', id: 'a' },
      create(submodel('a', property('q', '2')))
    ])
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('q', '2')))
    t.equal(await store.element('a', 'p'), undefined)
  })

  test('a refused commit does not affect concurrent ones, and seq has no gaps', async (t, store) => {
    await store.commit([create(submodel('taken'))])
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => store.commit([create(submodel(n % 3 === 0 ? 'taken' : `n${n}`))]))
    )
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 40)
    t.equal((await ids(store, [])).length, 41)
    const { entries } = await store.log(0, 100)
    t.strictSame(
      entries.map(({ seq }) => seq),
      Array.from({ length: 41 }, (_, n) => n + 1)
    )
  })

  test('invalid JSON is refused without side effects', async (t, store) => {
    const torn: Change = { change: 'create', kind: 'Submodel', id: 'x', json: '{"modelType":', facets: [] }
    const [bad, good] = await Promise.allSettled([store.commit([torn]), store.commit([create(submodel('a'))])])
    t.match(bad, { status: 'rejected', reason: { name: 'BadRequest' } })
    t.match(good, { status: 'fulfilled' })
    t.equal(await store.document('Submodel', 'x'), undefined)
  })

  test('acknowledged writes are visible under concurrent reads and writes', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '0')))])
    let acknowledged = 0
    let writing = true
    const reader = async () => {
      while (writing) {
        const least = acknowledged
        const row = JSON.parse((await store.element('a', 'p'))?.value ?? '{}') as { value: string }
        const document = parsed(await store.document('Submodel', 'a')) as { submodelElements: { value: string }[] }
        const page = await store.documents('Submodel', [], { limit: 1 })
        const listed = parsed(page.items[0]) as { submodelElements: { value: string }[] }
        const seen = [row.value, document.submodelElements[0]?.value, listed.submodelElements[0]?.value].map(Number)
        if (Math.min(...seen) < least) t.fail(`read ${seen} after ${least} was acknowledged`)
        await new Promise(setImmediate)
      }
    }
    const readers = [reader(), reader(), reader()]
    for (let n = 1; n <= 150; n++) {
      await store.commit([await write(store, 'a', 'p', String(n))])
      acknowledged = n
    }
    writing = false
    await Promise.all(readers)
    t.equal((await store.element('a', 'p'))?.value, '{"value":"150"}')
  })
}

function guards(test: Define): void {
  const expect = (id: string, state: ExpectedState): Change => ({ change: 'expect', kind: 'Submodel', id, state })
  const created = create(submodel('new'))

  test('a commit is refused if a document is not at the revision that a guard expects', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([expect('a', { revision: seq }), await write(store, 'a', 'p', '2')])
    await refused(t, store, 'Conflict', expect('a', { revision: seq }), created)
    await refused(t, store, 'Conflict', expect('absent', { revision: seq }), created)
    t.equal(await store.document('Submodel', 'new'), undefined)
    await store.commit([expect('a', { revision: seq + 1 }), created])
  })

  test('a guard on the structure lets values be written', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([await write(store, 'a', 'p', '2')])
    const guard = expect('a', { structureRevision: seq })
    await store.commit([guard, await write(store, 'a', 'p', '3')])
    await store.commit([replace(submodel('a', property('p', '3'), property('q', '4')))])
    await refused(t, store, 'Conflict', guard, created)
  })

  test('a guard on the value of an element lets others be written, and the same value', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
    await store.commit([await write(store, 'a', 'q', '2')])
    const guard = expect('a', { path: 'p', value: '{"value":"1"}' })
    await store.commit([guard, await write(store, 'a', 'q', '3')])
    await store.commit([await write(store, 'a', 'p', '1')])
    await store.commit([guard, await write(store, 'a', 'q', '4')])
    await store.commit([await write(store, 'a', 'p', '2')])
    await refused(t, store, 'Conflict', guard, created)
    await refused(t, store, 'Conflict', expect('a', { path: 'absent', value: '{}' }), created)
    await refused(t, store, 'Conflict', expect('absent', { path: 'p', value: '{"value":"1"}' }), created)
  })

  test('a guard that a document is absent fails once it is created', async (t, store) => {
    const guard = expect('a', 'absent')
    await store.commit([guard, create(submodel('a'))])
    await refused(t, store, 'Conflict', guard, created)
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'a' }])
    await store.commit([guard, created])
  })

  test('guards are not logged', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([expect('a', { revision: seq }), await write(store, 'a', 'p', '2'), expect('b', 'absent')])
    const { entries } = await store.log(seq, 10)
    t.match(entries, [{ changes: [{ change: 'value', path: 'p' }] }])
    t.equal(entries[0]?.changes.length, 1)
  })

  test('of concurrent commits with the same guard one succeeds', async (t, store) => {
    const { seq } = await store.commit([create(submodel('a', property('p', '0')))])
    const attempts = Array.from({ length: 20 }, async (_, n) =>
      store.commit([expect('a', { revision: seq }), await write(store, 'a', 'p', String(n))])
    )
    const outcomes = await Promise.allSettled(attempts)
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })
}

function pages(test: Define): void {
  test('pages follow creation order, and the last has no next', async (t, store) => {
    for (let n = 0; n < 7; n++) await store.commit([create(submodel(`s${6 - n}`))])
    await store.commit([{ change: 'create', kind: 'ConceptDescription', id: 'cd', json: '{}', facets: [] }])
    const first = await store.documents('Submodel', [], { limit: 3 })
    t.strictSame(
      first.items.map(({ id }) => id),
      ['s6', 's5', 's4']
    )
    const second = await store.documents('Submodel', [], { limit: 4, after: Number(first.next) })
    t.strictSame(
      second.items.map(({ id }) => id),
      ['s3', 's2', 's1', 's0']
    )
    t.notOk('next' in second)
    t.strictSame(await store.documents('AssetLinks', [], { limit: 5 }), { items: [] })
  })

  test('submodels are found by element conditions, also after a value changed', async (t, store) => {
    const semanticId: Reference = { type: 'ExternalReference', keys: [{ type: 'GlobalReference', value: 'urn:speed' }] }
    const marked = { ...property('marked', '1'), semanticId }
    await store.commit([create(submodel('a', property('v', '5'), marked), ['idShort', 'x'])])
    await store.commit([create(submodel('b', property('v', '20.50'), collection('c', [property('v', '5')])))])
    await store.commit([
      create(submodel('c', { modelType: 'Property', idShort: 'v', valueType: 'xs:string', value: 'text' }))
    ])
    const found = async (...conditions: ElementCondition[]) =>
      (await store.documents('Submodel', [], { limit: 10 }, conditions)).items.map(({ id }) => id)

    t.same(await found({ path: 'v', value: { is: 'eq', than: 5 } }), ['a', 'b'], 'a path may begin anywhere')
    t.same(await found({ path: 'v', value: { is: 'eq', than: '20.5' } }), ['b'], 'as the number that it reads as')
    t.same(await found({ path: 'v', value: { is: 'eq', than: 'text' } }), ['c'])
    t.same(
      await found({ path: 'c.v', value: { is: 'eq', than: 5 } }),
      ['a', 'b'],
      'by the last step: some may be others'
    )
    t.same(await found({ path: 'v', value: { is: 'ge', than: 5 } }), ['a', 'b'], 'a range is one of numbers')
    t.same(await found({ path: 'v', value: { is: 'gt', than: 5 } }), ['b'])
    t.same(await found({ path: 'v', value: { is: 'le', than: 20.5 } }), ['a', 'b'])
    t.same(await found({ path: 'v', value: { is: 'lt', than: 5 } }), [])
    t.same(await found({ semanticId: 'urn:speed' }), ['a'])
    t.same(await found({ semanticId: 'urn:speed' }, { path: 'v', value: { is: 'eq', than: 20.5 } }), [])
    const both = await store.documents('Submodel', [['idShort', 'x']], { limit: 1 }, [
      { path: 'v', value: { is: 'gt', than: 1 } }
    ])
    t.match(both, { items: [{ id: 'a' }] })

    await store.commit([await write(store, 'a', 'v', '7')])
    t.same(await found({ path: 'v', value: { is: 'eq', than: 5 } }), ['b'])
    t.same(await found({ path: 'v', value: { is: 'eq', than: 7 } }), ['a'])
    await store.commit([replace(submodel('a'))])
    t.same(await found({ path: 'v', value: { is: 'gt', than: 0 } }), ['b'])
  })

  test('facets are ANDed; a replacement replaces them', async (t, store) => {
    await store.commit([create(submodel('a'), ['idShort', 'x'], ['kind', 'Instance'])])
    await store.commit([create(submodel('b'), ['idShort', 'y'], ['kind', 'Instance'])])
    await store.commit([create(submodel('c'), ['idShort', 'x'], ['kind', 'Instance'], ['kind', 'Instance'])])
    await store.commit([create(submodel('d'), ['idShort', 'x'], ['kind', 'Template'])])
    t.strictSame(
      await ids(store, [
        ['idShort', 'x'],
        ['kind', 'Instance']
      ]),
      ['a', 'c']
    )
    t.strictSame(await ids(store, [['kind', 'Instance']]), ['a', 'b', 'c'])
    t.strictSame(
      await ids(store, [
        ['idShort', 'y'],
        ['kind', 'Template']
      ]),
      []
    )
    await store.commit([{ ...replace(submodel('a')), facets: [['idShort', 'y']] }])
    t.strictSame(await ids(store, [['idShort', 'y']]), ['a', 'b'])
    t.strictSame(await ids(store, [['kind', 'Instance']]), ['b', 'c'])
  })

  test('iterating pages returns every document that exists throughout, once', async (t, store) => {
    const keep = Array.from({ length: 40 }, (_, n) => `keep${n}`)
    for (const id of keep)
      await store.commit([create(submodel(id), ['f', '1']), create(submodel(`drop-${id}`), ['f', '1'])])
    const met: string[] = []
    let after: number | undefined = 0
    for (let n = 0; after !== undefined; n++) {
      const page = await store.documents('Submodel', [['f', '1']], { limit: 5, after })
      met.push(...page.items.map(({ id }) => id))
      after = page.next
      await store.commit([{ change: 'delete', kind: 'Submodel', id: `drop-keep${n}` }])
      await store.commit([create(submodel(`new${n}`), ['g', '1'])])
      await store.commit([{ ...replace(submodel('keep39')), facets: [['f', '1']] }])
    }
    t.strictSame(
      met.filter((id) => id.startsWith('keep')),
      keep
    )
  })

  test('documents of a page contain current values', async (t, store) => {
    for (const id of ['a', 'b']) await store.commit([create(submodel(id, property('p', '1')))])
    await store.commit([await write(store, 'b', 'p', '2')])
    const { items } = await store.documents('Submodel', [], { limit: 5 })
    t.strictSame(items.map(parsed), [submodel('a', property('p', '1')), submodel('b', property('p', '2'))])
  })
}

function log(test: Define): void {
  test('the log contains every change in order, from any position on', async (t, store) => {
    t.strictSame(await store.log(0, 10), { entries: [], gap: false })
    const first = await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([replace(submodel('a', property('p', '1')), { touched: ['p'] })])
    const value = await store.commit([await write(store, 'a', 'p', '2')])
    await store.commit([
      replace(submodel('a', property('p', '2'), property('q')), { touched: ['q'], subtreeAction: 'created' })
    ])
    await store.commit([replace(submodel('a', property('q')), { touched: ['p'], subtreeAction: 'deleted' })])
    await store.commit([replace(submodel('a'))])
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'a' }])
    const { entries } = await store.log(0, 10)
    t.equal(entries[0]?.time, first.time)
    const at = { kind: 'Submodel', id: 'a' }
    const sourceTime = BigInt(value.time) * 1_000_000n + BigInt(value.seq)
    t.strictSame(
      entries.map(({ changes }) => changes),
      [
        [{ change: 'created', ...at }],
        [{ change: 'updated', ...at, touched: ['p'] }],
        [{ change: 'value', submodel: 'a', path: 'p', value: '{"value":"2"}', sourceTime }],
        [{ change: 'updated', ...at, touched: ['q'], subtreeAction: 'created' }],
        [{ change: 'updated', ...at, touched: ['p'], subtreeAction: 'deleted' }],
        [{ change: 'updated', ...at }],
        [{ change: 'deleted', ...at }]
      ]
    )
    t.strictSame(
      (await store.log(value.seq, 1)).entries.map(({ seq }) => seq),
      [value.seq + 1]
    )
    t.strictSame(await store.log(value.seq + 4, 10), { entries: [], gap: false })
  })

  test('reading trimmed log entries reports a gap', async (t, store) => {
    for (let n = 1; n <= 10; n++) await store.commit([create(submodel(`s${n}`))])
    await store.trimLog(4)
    t.match(await store.log(3, 1), { gap: true, entries: [{ seq: 5 }] })
    t.match(await store.log(4, 1), { gap: false, entries: [{ seq: 5 }] })
    t.match(await store.figures(), { logFirst: 5, logLast: 10 })
    await store.trimLog(10)
    t.strictSame(await store.log(9, 10), { gap: true, entries: [] })
    t.strictSame(await store.log(10, 10), { gap: false, entries: [] })
    t.equal((await store.commit([create(submodel('next'))])).seq, 11)
    t.match(await store.log(10, 10), { gap: false, entries: [{ seq: 11 }] })
  })

  test('listeners are called for durable commits, not for refused ones, until they stop listening', async (t, store) => {
    let rung = 0
    const stop = store.onCommit(() => rung++)
    await store.commit([create(submodel('a'))])
    t.equal(rung, 1)
    await refused(t, store, 'AlreadyExists', create(submodel('a')))
    await store.setCursor('f', 1)
    t.equal(rung, 1)
    stop()
    await store.commit([create(submodel('b'))])
    t.equal(rung, 1)
  })

  test('a commit is readable when its listeners are called', async (t, store) => {
    const heard = new Promise<number>((resolve) => {
      store.onCommit(() => void store.log(0, 10).then(({ entries }) => resolve(entries.length)))
    })
    await store.commit([create(submodel('a'))])
    t.equal(await heard, 1)
  })

  test('the cursor of a consumer is kept', async (t, store) => {
    t.equal(await store.cursor('history'), undefined)
    await store.setCursor('history', 7)
    await store.setCursor('audit', 3)
    await store.setCursor('history', 9)
    t.equal(await store.cursor('history'), 9)
    t.equal(await store.cursor('audit'), 3)
  })
}

const record = (n: number) => JSON.stringify({ caller: 'user:kim', n, text: 'ä\u{1f600}\n"\u2028' })

function audit(test: Define): void {
  test('audit entries are appended with their commit and form a chain', async (t, store) => {
    t.strictSame([await store.auditHead(), await store.audit(0, 10)], [EMPTY_CHAIN, []])
    const first = await store.commit([
      create(submodel('a', property('p', '1'))),
      { change: 'audit', record: record(1) }
    ])
    await store.commit([create(submodel('b'))])
    const second = await store.commit([
      await write(store, 'a', 'p', '2'),
      { change: 'audit', record: record(2) },
      { change: 'audit', record: record(3) }
    ])
    const alone = await store.commit([{ change: 'audit', record: record(4) }])
    const entries = await store.audit(0, 10)
    t.match(entries, [
      { number: 1, ...first, record: record(1), trimmed: 0 },
      { number: 2, ...second, record: record(2) },
      { number: 3, ...second, record: record(3) },
      { number: 4, ...alone, record: record(4) }
    ])
    t.strictSame(await verified(store), [])
    t.strictSame(await store.auditHead(), { number: 4, hash: entries[3]?.hash, trimmed: 0 })
    t.strictSame(await store.audit(1, 2), entries.slice(1, 3))
    t.strictSame(await store.audit(4, 2), [])
    t.match((await store.log(first.seq + 1, 10)).entries, [{ changes: [{ change: 'value' }] }, { changes: [] }])
  })

  test('a refused commit leaves no audit entry, and does not break the chain of others', async (t, store) => {
    await store.commit([create(submodel('a'))])
    const commits = Array.from({ length: 20 }, (_, n) =>
      store.commit([create(submodel(n % 3 === 0 ? 'a' : `s${n}`)), { change: 'audit', record: record(n) }])
    )
    const settled = await Promise.allSettled(commits)
    t.equal(settled.filter(({ status }) => status === 'rejected').length, 7)
    const entries = await store.audit(0, 100)
    t.strictSame(
      entries.map((entry) => (JSON.parse(entry.record) as { n: number }).n),
      Array.from({ length: 20 }, (_, n) => n).filter((n) => n % 3 !== 0)
    )
    t.strictSame(await verified(store), [])
  })

  test('a trimmed audit stays verifiable, and says that it was trimmed', async (t, store) => {
    for (let n = 1; n <= 10; n++) await store.commit([{ change: 'audit', record: record(n) }])
    const [kept] = await store.audit(7, 1)
    await store.commit([{ change: 'audit', record: record(11), trim: 6 }])
    const entries = await store.audit(0, 100)
    t.match([entries[0]?.number, entries.at(-1)], [7, { number: 11, trimmed: 6 }])
    t.match(await store.auditHead(), { number: 11, trimmed: 6 })
    t.strictSame(await verified(store, kept), [])
    t.match(await verified(store, { number: 3, hash: 'x' }), [/older than entry 7/])
    await store.commit([{ change: 'audit', record: record(12), trim: 100 }])
    t.match(await store.audit(0, 100), [{ number: 12, trimmed: 11 }])
    t.strictSame(await verified(store), [])
  })
}

/** What is wrong with the audit of a store, compared with its own head and one that was kept. */
async function verified(store: Store, kept?: { number: number; hash: string }): Promise<string[]> {
  const chain = new ChainVerifier([await store.auditHead(), ...(kept === undefined ? [] : [kept])])
  const problems = (await store.audit(0, 1000)).map((entry) => chain.add(entry))
  return [...problems, chain.end()].filter((problem) => problem !== undefined)
}

function files(test: Define): void {
  test('an attached file is readable, whole or by range, until it is detached', async (t, store) => {
    await store.commit([create(submodel('a'))])
    const { blob, size } = await store.receive(Readable.from([Buffer.from('hello '), Buffer.from('world')]), 11)
    t.equal(size, 11)
    t.strictSame(await store.files('Submodel', 'a'), [])
    const file = entry('/f.txt', blob, size)
    const { seq } = await store.commit([{ change: 'attach', kind: 'Submodel', id: 'a', files: [file] }])
    t.strictSame(await store.file('Submodel', 'a', '/f.txt'), file)
    t.equal((await store.document('Submodel', 'a'))?.revision, seq)
    t.equal(String(await buffer(store.open(file))), 'hello world')
    t.equal(String(await buffer(store.open(file, { start: 6, end: 8 }))), 'wor')
    await store.commit([{ change: 'detach', kind: 'Submodel', id: 'a', names: ['/f.txt', 'unknown'] }])
    t.equal(await store.file('Submodel', 'a', '/f.txt'), undefined)
    const changes = (await store.log(seq - 1, 10)).entries.map((logged) => logged.changes)
    t.match(changes, [[{ change: 'updated', id: 'a' }], [{ change: 'updated', id: 'a' }]])
  })

  test('files of the same name replace each other; all are listed by name', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1')))])
    await store.commit([await write(store, 'a', 'p', '2')])
    for (const [name, text] of [
      ['b', '1'],
      ['a', '2'],
      ['b', '3']
    ] as const)
      await attach(store, 'a', name, text)
    const list = await store.files('Submodel', 'a')
    t.strictSame(
      list.map(({ name }) => name),
      ['a', 'b']
    )
    t.equal(String(await buffer(store.open(list[1] as FileEntry))), '3')
    t.strictSame(await submodelOf(store, 'a'), submodel('a', property('p', '2')))
  })

  test('a commit with a document and its file is logged as one change of the document', async (t, store) => {
    const { blob, size } = await store.receive(Readable.from(['x']), 10)
    const files = [entry('f', blob, size)]
    const { seq } = await store.commit([create(submodel('a')), { change: 'attach', kind: 'Submodel', id: 'a', files }])
    t.strictSame((await store.log(seq - 1, 1)).entries[0]?.changes, [{ change: 'created', kind: 'Submodel', id: 'a' }])
  })

  test('a file over the limit is refused; one of exactly the limit and an empty one are stored', async (t, store) => {
    const before = (await store.figures()).bytes
    await t.rejects(store.receive(Readable.from([Buffer.alloc(60_000), Buffer.alloc(50_001)]), 110_000), {
      name: 'TooLarge'
    })
    t.ok((await store.figures()).bytes < before + 100_000, 'nothing of it is kept')
    t.equal((await store.receive(Readable.from([Buffer.alloc(110_000)]), 110_000)).size, 110_000)
    t.equal((await store.receive(Readable.from([]), 10)).size, 0)
  })

  test('an interrupted upload is refused', async (t, store) => {
    const cut = new Readable({ read() {} })
    cut.push('half')
    setImmediate(() => cut.destroy())
    await t.rejects(store.receive(cut, 100))
    const broken = new Readable({ read() {} })
    broken.push('half')
    setImmediate(() => broken.destroy(new Error('connection reset')))
    await t.rejects(store.receive(broken, 100), /connection reset/)
  })

  test('a blob that was never received cannot be attached', async (t, store) => {
    await store.commit([create(submodel('a'))])
    const files = [entry('f', 'nonsense', 1)]
    await refused(t, store, 'NotFound', { change: 'attach', kind: 'Submodel', id: 'a', files })
    t.strictSame(await store.files('Submodel', 'a'), [])
  })

  test('documents that share a file do not delete it from each other', async (t, store) => {
    for (const id of ['a', 'b']) {
      await store.commit([create(submodel(id))])
      await attach(store, id, 'f', 'same')
    }
    await store.commit([{ change: 'delete', kind: 'Submodel', id: 'a' }])
    const left = await store.file('Submodel', 'b', 'f')
    t.equal(String(await buffer(store.open(left as FileEntry))), 'same')
  })
}

function samples(test: Define): void {
  test('samples are logged as sent, and the newest becomes current', async (t, store) => {
    await store.commit([create(submodel('a', property('p'), property('q', '1')))])
    const change = await sampled(store, 'a', 'p', [30n, 10n, 20n], ['3', '1', '2'])
    const { seq, time } = await store.commit([change])
    t.match(await store.element('a', 'p'), { value: '{"value":"3"}', sourceTime: 30n, quality: 'good', revision: seq })
    t.match(JSON.parse(String((await store.document('Submodel', 'a'))?.bytes)).submodelElements[0], { value: '3' })
    const { submodel: id, path, count, from, to, run } = change
    const logged = { change: 'samples', submodel: id, path, count, from, to, run: Buffer.from(run) }
    const { entries } = await store.log(seq - 1, 9)
    t.strictSame(
      entries.map((entry) => plain(entry)),
      [{ seq, time, changes: [logged] }]
    )
  })

  test('samples older than the current value are only logged', async (t, store) => {
    await store.commit([create(submodel('a', property('p')))])
    const { seq } = await store.commit([await sampled(store, 'a', 'p', [50n], ['5'])])
    await store.commit([await sampled(store, 'a', 'p', [10n, 49n], ['1', '4'])])
    t.match(await store.element('a', 'p'), { value: '{"value":"5"}', sourceTime: 50n, revision: seq })
    await store.commit([await sampled(store, 'a', 'p', [50n], ['6'])])
    t.match(await store.element('a', 'p'), { value: '{"value":"6"}' }, 'of equal times the last counts')
    t.equal((await store.log(seq, 9)).entries.length, 2)
  })

  test('with several values for an element in one commit, cached and stored rows agree', async (t, store) => {
    await store.commit([create(submodel('a', property('p')))])
    await store.element('a', 'p')
    const { incarnation = -1 } = (await store.element('a', 'p')) ?? {}
    const value = (text: string, sourceTime?: bigint): Change => {
      const change = { change: 'value', submodel: 'a', path: 'p', incarnation, value: `{"value":"${text}"}` } as const
      return sourceTime === undefined ? change : { ...change, sourceTime }
    }
    const { seq } = await store.commit([
      value('2', 20n),
      value('1', 10n),
      await sampled(store, 'a', 'p', [5n, 30n], ['0', '3'])
    ])
    t.match(await store.element('a', 'p'), { value: '{"value":"3"}', revision: seq, sourceTime: 30n, quality: 'good' })
    await store.commit([value('4'), value('5')])
    t.match(await store.element('a', 'p'), { value: '{"value":"5"}', quality: undefined })
    const [element] = JSON.parse(String((await store.document('Submodel', 'a'))?.bytes)).submodelElements
    t.equal(element.value, '5')
  })

  test('samples for an outdated incarnation are refused', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1')))])
    const change = await sampled(store, 'a', 'p', [50n], ['5'])
    await store.commit([replace(submodel('a', property('p', '2')))])
    await refused(t, store, 'Conflict', change)
  })

  test('several runs in one commit stay separate in the log, whatever is between them', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1'), property('q', '1')))])
    const [one, other] = [
      await sampled(store, 'a', 'p', [1n, 2n], ['1', '2']),
      await sampled(store, 'a', 'q', [1n], ['x'])
    ]
    const { seq } = await store.commit([one, await write(store, 'a', 'q', '7'), other])
    const [entry] = (await store.log(seq - 1, 1)).entries
    const logged = (entry?.changes ?? []).map((change) =>
      change.change === 'samples' ? Buffer.from(change.run) : change.change
    )
    t.strictSame(logged, [Buffer.from(one.run), 'value', Buffer.from(other.run)])
  })

  test('a commit with an idempotency key is made once, until the log is trimmed past it', async (t, store) => {
    await store.commit([create(submodel('a', property('p', '1')))])
    const once: Change = { change: 'idempotencyKey', key: 'gateway 1/batch 7' }
    const { seq } = await store.commit([once, await write(store, 'a', 'p', '2')])
    await refused(t, store, 'AlreadyExists', once, await write(store, 'a', 'p', '3'))
    t.equal((await store.element('a', 'p'))?.value, '{"value":"2"}')
    t.equal(await store.commitOfKey('gateway 1/batch 7'), seq)
    t.equal(await store.commitOfKey('gateway 1/batch 8'), undefined)
    t.strictSame(
      (await store.log(seq - 1, 1)).entries[0]?.changes.map(({ change }) => change),
      ['value']
    )
    await store.trimLog(seq)
    t.equal(await store.commitOfKey('gateway 1/batch 7'), undefined)
  })

  test('a lease has one holder at a time', async (t, store) => {
    t.equal(await store.lease('history', 1000), true)
    t.equal(await store.lease('history', 1000), true, 'and prolonged by its holder')
  })
}

async function sampled(store: Store, submodel: string, path: string, times: bigint[], texts: string[]) {
  const incarnation = (await store.element(submodel, path))?.incarnation ?? -1
  const [base = 0n] = times
  const offsets = Float64Array.from(times, (time) => Number(time - base))
  const run: Run = { base, offsets, form: 'text', values: texts, quality: 'good' }
  const { from, to } = spanOf(run)
  const value = membersAt(run, newestOf(run))
  return {
    change: 'samples',
    submodel,
    path,
    incarnation,
    run: encodeRun(run),
    count: texts.length,
    from,
    to,
    value,
    quality: 'good'
  } as const
}

/** With its bytes as a Buffer, whichever array type the store returns. */
function plain({ changes, ...commit }: LogEntry) {
  return {
    ...commit,
    changes: changes.map((change) =>
      change.change === 'samples' ? { ...change, run: Buffer.from(change.run) } : change
    )
  }
}

function chunks(test: Define): void {
  const p = { submodel: 'a', path: 'p' }
  const q = { submodel: 'a', path: 'q' }
  const chunk = (name: SeriesName, from: bigint, to: bigint, text: string, seq = 1): Chunk => {
    return { ...name, from, seq, to, count: 2, bytes: new Uint8Array(Buffer.from(text)) }
  }
  const found = async (store: Store, name: SeriesName, from: bigint, to: bigint) =>
    (await all(store.chunks(name, from, to))).map((one) => ({ ...one, bytes: new Uint8Array(one.bytes) }))

  test('chunks that overlap a range are returned oldest first; the same key replaces', async (t, store) => {
    const start = 1_700_000_000_000_000_001n
    const [one, two, three] = [
      chunk(p, start, start + 9n, 'one'),
      chunk(p, start + 10n, start + 19n, 'two'),
      chunk(p, start + 20n, start + 29n, 'three')
    ]
    await store.putChunks([three, one, two, chunk(q, start, start + 99n, 'other')])
    t.strictSame(await found(store, p, start + 9n, start + 20n), [one, two, three])
    t.strictSame(await found(store, p, start + 11n, start + 12n), [two])
    t.strictSame(await found(store, p, start + 30n, start + 99n), [])
    t.strictSame(await found(store, { submodel: 'b', path: 'p' }, 0n, 2n ** 62n), [])
    const longer = chunk(p, start + 10n, start + 25n, 'TWO')
    await store.putChunks([longer])
    t.strictSame(await found(store, p, -(2n ** 63n), 2n ** 63n - 1n), [one, longer, three])
  })

  test('chunks that begin at the same time coexist, in log order', async (t, store) => {
    const [early, late] = [chunk(p, 10n, 19n, 'early', 1), chunk(p, 10n, 11n, 'late', 2)]
    const long = chunk(p, 0n, 99n, 'long', 3)
    await store.putChunks([late, early, long])
    t.strictSame(await found(store, p, 5n, 50n), [long, early, late])
    t.strictSame(await found(store, p, 12n, 50n), [long, early])
  })

  test('chunks are replaced atomically', async (t, store) => {
    const [one, two] = [chunk(p, 0n, 9n, 'one'), chunk(p, 5n, 19n, 'two', 2)]
    await store.putChunks([one, two])
    const whole = chunk(p, 0n, 19n, 'whole', 2)
    await store.putChunks([whole], [one, two])
    t.strictSame(await found(store, p, 0n, 99n), [whole])
    t.match(await store.figures(), { series: 1, samples: 2, historyBytes: 5 })
  })

  test('replacing chunks that are gone or have changed is refused', async (t, store) => {
    const [one, two] = [chunk(p, 0n, 9n, 'one'), chunk(p, 5n, 19n, 'two', 2)]
    await store.putChunks([one, two])
    const before = await store.figures()
    const whole = chunk(p, 0n, 19n, 'whole', 2)
    for (const gone of [
      { ...two, seq: 3 },
      { ...two, count: 3 },
      { ...two, to: 20n },
      { ...two, path: 'r' }
    ]) {
      await t.rejects(store.putChunks([whole], [one, gone]), { name: 'Conflict' })
    }
    t.strictSame(await found(store, p, 0n, 99n), [one, two])
    t.match(await store.figures(), { series: 1, samples: before.samples, historyBytes: before.historyBytes })
  })

  test('a series of many chunks is returned completely', async (t, store) => {
    await store.putChunks(Array.from({ length: 100 }, (_, i) => chunk(p, BigInt(i), BigInt(i), `${i}`)))
    t.equal((await found(store, p, 0n, 99n)).length, 100)
    t.equal((await found(store, p, 20n, 69n)).length, 50)
  })

  test('a scan misses nothing while chunks are replaced', async (t, store) => {
    const small = Array.from({ length: 40 }, (_, i) => chunk(p, BigInt(10 * i), BigInt(10 * i + 5), `${i}`, i + 1))
    await store.putChunks(small)
    const given: string[] = []
    for await (const { bytes } of store.chunks(p, 0n, 999n)) {
      given.push(String(Buffer.from(bytes)))
      // One that begins before what was returned, and one not listed yet.
      if (given.length === 3) await store.putChunks([chunk(p, 0n, 195n, 'first half', 20)], small.slice(0, 20))
      if (given.length === 5) await store.putChunks([chunk(p, 200n, 395n, 'second half', 40)], small.slice(20))
    }
    t.strictSame(given.slice(0, 3), ['0', '1', '2'])
    t.ok(given.includes('first half') || given.includes('19'))
    t.ok(given.includes('second half') || given.includes('39'))
    t.equal(given.length, new Set(given).size)
    t.ok(given.length <= 42, 'and what stayed as it was is given once')
  })

  test('a chunk whose summary is enough may come without its content, if it overlaps no other', async (t, store) => {
    const offsets = Float64Array.from({ length: 100 }, (_, i) => i)
    const filled = (from: bigint, value: number, seq: number): Chunk => {
      const run: Run = { base: from, offsets, form: 'number', values: offsets.map(() => value), quality: undefined }
      return { ...p, from, seq, to: from + 99n, count: 100, bytes: encodeRun(run) }
    }
    const one = filled(0n, 1, 1)
    const overlapping = [filled(200n, 2, 2), filled(250n, 3, 3)]
    const last = filled(400n, 4, 4)
    await store.putChunks([one, ...overlapping, last])
    const read = async (isEnough: (from: bigint) => boolean) =>
      (await all(store.summarisedChunks(p, 0n, 999n, ({ from }) => isEnough(from)))).map((found) =>
        'bytes' in found ? Number(decodeRun(found.bytes).values[0]) : found.summary
      )
    const summaryOf = (value: number) => {
      return {
        count: 100,
        min: value,
        max: value,
        mean: value,
        sum: 100 * value,
        squares: 0,
        first: value,
        last: value
      }
    }
    t.strictSame(await read(() => false), [1, 2, 3, 4])
    const [first, second, third, fourth] = await read((from) => from < 400n)
    t.ok(first === 1 || JSON.stringify(first) === JSON.stringify(summaryOf(1)), 'not every store keeps summaries')
    t.strictSame([second, third, fourth], [2, 3, 4])
    await store.putChunks([{ ...one, bytes: filled(0n, 9, 1).bytes }])
    const [replaced] = await read(() => true)
    t.ok(replaced === 9 || JSON.stringify(replaced) === JSON.stringify(summaryOf(9)), 'of what replaced it')
    await store.putChunks([filled(0n, 5, 4)], [one, ...overlapping, last])
    const joined = await read(() => true)
    t.equal(joined.length, 1)
  })

  test('chunks that end before a time are dropped and counted', async (t, store) => {
    await store.putChunks([chunk(p, 0n, 9n, 'x'), chunk(p, 10n, 19n, 'y'), chunk(q, 0n, 9n, 'z')])
    t.equal(await store.dropChunks(p, 9n), 0)
    t.equal(await store.dropChunks(p, 19n), 1)
    t.strictSame(
      (await found(store, p, -5n, 99n)).map(({ from }) => from),
      [10n]
    )
    t.equal((await found(store, q, 0n, 99n)).length, 1)
    t.match(await store.figures(), { series: 2, samples: 4, historyBytes: 2 })
    t.equal(await store.dropChunks({ submodel: 'a', path: 'unknown' }, 19n), 0)
  })

  test('series are listed by name, with their figures, until they are empty', async (t, store) => {
    const b = { submodel: 'b', path: 'p' }
    await store.putChunks([
      chunk(b, -3n, 5n, 'abc'),
      chunk(q, 1n, 2n, 'z'),
      chunk(p, 10n, 19n, 'y'),
      chunk(p, 0n, 9n, 'x')
    ])
    const listed = await store.series(undefined, 9)
    t.strictSame(listed, [
      { ...p, count: 4, chunks: 2, bytes: 2, from: 0n, to: 19n },
      { ...q, count: 2, chunks: 1, bytes: 1, from: 1n, to: 2n },
      { ...b, count: 2, chunks: 1, bytes: 3, from: -3n, to: 5n }
    ])
    t.strictSame(await store.series(undefined, 1), listed.slice(0, 1))
    t.strictSame(await store.seriesOf(q), listed[1])
    t.equal(await store.seriesOf({ submodel: 'a', path: 'r' }), undefined)
    t.strictSame(await store.series(p, 9), listed.slice(1))
    t.strictSame(await store.series(q, 9), listed.slice(2))
    await store.dropChunks(p, 99n)
    t.strictSame(await store.series(undefined, 9), listed.slice(1))
    t.match(await store.figures(), { series: 2 })
  })
}

function revisions(test: Define): void {
  const keep = (revision: string, action: RevisionAction, id = 'a') =>
    ({ change: 'keep', kind: 'Submodel', id, revision, action }) as const
  const read = async (store: Store) => {
    let next: Buffer | undefined
    const { items } = await store.documents('Revision', [], { limit: 100 })
    // Backwards, as what followed leads to what was.
    const revisions = items.toReversed().map((document) => {
      const { position: _, document: __, isDifference: ___, json, ...revision } = parseRevision(document)
      next = json(next)
      return { ...revision, content: next && JSON.parse(next.toString()) }
    })
    return revisions.reverse()
  }

  test('a commit keeps what a document was before its changes, and says nothing of it in the log', async (t, store) => {
    const [first, second] = [submodel('a', property('p', '1')), submodel('a', property('p', '5'))]
    const created = await store.commit([keep('r1', 'created'), create(first)])
    await store.commit([await write(store, 'a', 'p', '2')])
    t.strictSame(JSON.parse(String(await store.structure('Submodel', 'a'))), first, 'without later values')
    t.equal(await store.structure('Submodel', 'b'), undefined)
    const replaced = await store.commit([keep('r2', 'updated'), replace(second)])
    t.strictSame(JSON.parse(String(await store.structure('Submodel', 'a'))), second)
    const deleted = await store.commit([
      keep('r3', 'deleted'),
      { change: 'delete', kind: 'Submodel', id: 'a' },
      keep('r4', 'deleted', 'none')
    ])
    const head = { kind: 'Submodel', id: 'a' }
    t.strictSame(await read(store), [
      { ...head, action: 'created', ...created, revision: 'r1', content: undefined },
      { ...head, action: 'updated', ...replaced, revision: 'r2', content: first },
      { ...head, action: 'deleted', ...deleted, revision: 'r3', content: second }
    ])
    const logged = (await store.log(0, 100)).entries.flatMap(({ changes }) => changes)
    t.equal(logged.length, 4, 'of the submodel alone')
    await store.commit([{ change: 'delete', kind: 'Revision', id: 'r2' }])
    t.equal((await store.documents('Revision', [revisionsOf('Submodel', 'a')], { limit: 10 })).items.length, 2)
  })

  test('a refused commit keeps nothing', async (t, store) => {
    await store.commit([create(submodel('a'))])
    await t.rejects(store.commit([keep('r1', 'created'), create(submodel('a'))]), { name: 'AlreadyExists' })
    await t.rejects(store.commit([keep('r2', 'deleted', 'b'), { change: 'delete', kind: 'Submodel', id: 'b' }]))
    t.strictSame(await read(store), [])
  })

  test('the position of the first revision is that before its document', async (t, store) => {
    await store.commit([create(submodel('x')), keep('r1', 'created'), create(submodel('a'))])
    const [revision] = (await store.documents('Revision', [], { limit: 1 })).items
    t.equal((revision?.position ?? 0) + 1, (await store.head('Submodel', 'a'))?.position)
  })
}

function lifetime(t: Test, open: Open): void {
  t.test('documents that are larger than the cache can be written and read', async (t) => {
    await withStore(await open(join(testDirectory(t), 'data'), { cacheBytes: 100 }), async (store) => {
      const ids = ['a', 'b', 'c']
      await store.commit(ids.map((id) => create(submodel(id, property('p', '0')))))
      await store.commit(await Promise.all(ids.map((id) => write(store, id, 'p', '1'))))
      for (const id of ids) t.strictSame(await submodelOf(store, id), submodel(id, property('p', '1')))
    })
  })

  t.test('log times never decrease, even if the clock jumps back or did so between two starts', async (t) => {
    const place = join(testDirectory(t), 'data')
    let now = 1_790_000_000_000
    const clock = clockOf(() => now)
    const times: number[] = []
    for (const jumps of [
      [0, 5000, -3_600_000],
      [-7_200_000, 60_000],
      [20_000_000, 1000]
    ]) {
      await withStore(await open(place, { clock }), async (store) => {
        for (const jump of jumps) {
          now += jump
          times.push((await store.commit([create(submodel(`s${times.length}`))])).time)
        }
      })
    }
    const latest = 1_790_000_005_000
    t.strictSame(times, [latest - 5000, ...Array(4).fill(latest), now - 1000, now])
    await withStore(await open(place, { clock }), async (store) => {
      const { entries } = await store.log(0, 10)
      t.strictSame(
        entries.map(({ time }) => time),
        times
      )
    })
  })

  t.test('after the clock jumped ahead and back, values are dated by its current time', async (t) => {
    const place = join(testDirectory(t), 'data')
    let now = 1_790_000_000_000
    const rows: unknown[] = []
    for (const jumps of [[0, 300 * 86_400_000, -300 * 86_400_000], [1000]]) {
      await withStore(await open(place, { clock: clockOf(() => now) }), async (store) => {
        for (const jump of jumps) {
          now += jump
          const id = `s${rows.length}`
          const made = await store.commit([create(submodel(id, property('p', '1'), property('q')))])
          const { seq } = await store.commit([await write(store, id, 'q', '2')])
          for (const [path, by] of [
            ['p', made.seq],
            ['q', seq]
          ] as const) {
            const row = await store.element(id, path)
            t.equal(row?.sourceTime, defaultSourceTime({ seq: by, clock: now }), `${id} ${path}`)
            rows.push(row)
          }
          const [change] = (await store.log(seq - 1, 1)).entries[0]?.changes ?? []
          t.match(change, { change: 'value', sourceTime: defaultSourceTime({ seq, clock: now }) })
        }
      })
    }
    await withStore(await open(place, { clock: clockOf(() => now) }), async (store) => {
      const found: unknown[] = []
      for (let n = 0; n < rows.length; n += 2) {
        for (const path of ['p', 'q']) found.push(await store.element(`s${n}`, path))
      }
      t.strictSame(found, rows)
    })
  })

  t.test('everything is kept across closing and opening', async (t) => {
    const place = join(testDirectory(t), 'data')
    const seen = await withStore(await open(place), async (store) => {
      await fill(store)
      return everything(store)
    })
    await withStore(await open(place), async (store) => {
      t.strictSame(await everything(store), seen)
      t.equal((await store.commit([create(submodel('next'))])).seq, seen.figures.logLast + 1)
    })
  })

  t.test('close waits for accepted commits; afterwards the store refuses', async (t) => {
    const place = join(testDirectory(t), 'data')
    const store = await open(place)
    const pending = Array.from({ length: 100 }, (_, n) => store.commit([create(submodel(`s${n}`))]))
    await store.close()
    await Promise.all(pending)
    await t.rejects(store.commit([create(submodel('late'))]), { name: 'Unavailable' })
    await t.rejects(store.document('Submodel', 's1'), { name: 'Unavailable' })
    await store.close()
    await withStore(await open(place), async (again) => {
      t.equal((await again.figures()).documents.Submodel, 100)
    })
  })
}

const RUN: Run = { base: 1n, offsets: Float64Array.of(0), form: 'text', values: ['1'], quality: undefined }

async function fill(store: Store): Promise<void> {
  await store.commit([create(submodel('filled', property('p', '1'), property('q')), ['idShort', 'x'])])
  await store.commit([await write(store, 'filled', 'p', '2')])
  await store.commit([
    { change: 'create', kind: 'AssetAdministrationShell', id: 'shell', json: '{"id":"shell"}', facets: [] }
  ])
  await attach(store, 'filled', 'f', 'some bytes')
  await store.setCursor('history', 2)
  for (let n = 1; n < 4; n++) await store.commit([{ change: 'audit', record: record(n), ...(n === 3 && { trim: 1 }) }])
  await store.putChunks([{ submodel: 'filled', path: 'p', from: 1n, seq: 2, to: 2n, count: 1, bytes: encodeRun(RUN) }])
  await store.trimLog(1)
}

async function everything(store: Store) {
  const file = (await store.file('Submodel', 'filled', 'f')) as FileEntry
  const { bytes: _, ...figures } = await store.figures()
  return {
    submodel: await store.document('Submodel', 'filled'),
    shell: await store.document('AssetAdministrationShell', 'shell'),
    element: await store.element('filled', 'p'),
    page: await store.documents('Submodel', [['idShort', 'x']], { limit: 5 }),
    bytes: await buffer(store.open(file)),
    cursor: await store.cursor('history'),
    chunks: await all(store.chunks({ submodel: 'filled', path: 'p' }, 0n, 9n)),
    epoch: store.epoch,
    log: await store.log(0, 100),
    audit: [await store.auditHead(), await store.audit(0, 100)],
    figures
  }
}

async function ids(store: Store, facets: [string, string][]): Promise<string[]> {
  return (await store.documents('Submodel', facets, { limit: 10_000 })).items.map(({ id }) => id)
}

async function attach(store: Store, id: string, name: string, text: string): Promise<void> {
  const { blob, size } = await store.receive(Readable.from([Buffer.from(text)]), 1000)
  await store.commit([{ change: 'attach', kind: 'Submodel', id, files: [entry(name, blob, size)] }])
}

function entry(name: string, blob: string, size: number): FileEntry {
  return { name, contentType: 'text/plain', fileName: 'f.txt', size, blob }
}

async function refused(t: Test, store: Store, name: HubError['name'], ...changes: Change[]): Promise<void> {
  const before = (await store.figures()).logLast
  await t.rejects(store.commit(changes), { name })
  t.equal((await store.figures()).logLast, before, 'nothing is logged')
}
