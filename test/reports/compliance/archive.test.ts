/** Reports that are kept, and the keys that sign them; on the store that the tests run with. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/clock.ts'
import { ReportArchive, type ReportSummary } from '../../../src/reports/compliance/archive/archive.ts'
import { checkReport, parseReport, signReport } from '../../../src/reports/compliance/signing/signature.ts'
import { SigningKeys } from '../../../src/reports/compliance/signing/signing-keys.ts'
import type { Store } from '../../../src/store/store.ts'
import { databaseOf, dropDatabase, openStored } from '../../e2e/harness.ts'
import { withStore } from '../../store/fixtures.ts'
import { testDirectory } from '../../test-directory.ts'
import { check, report } from './report-fixture.ts'

async function stored(t: Test, body: (store: Store, directory: string) => Promise<void>): Promise<void> {
  const directory = testDirectory(t)
  await withStore(await openStored(directory), (store) => body(store, directory))
  await dropDatabase(databaseOf(directory))
}

const summary = (id: string, bytes: number): ReportSummary => ({
  ...{ id, created: `2026-11-30T03:00:${id}.000Z`, address: 'http://hub', verdict: 'met', bytes },
  ...{ checks: { met: 1, partly: 0, unmet: 0, unknown: 0 }, startedBy: 'command', seconds: 1, keyId: 'k' }
})

t.test('beyond their number or their bytes the oldest reports are deleted, with their content', async (t) => {
  await stored(t, async (store) => {
    const byNumber = new ReportArchive({ store, maxReports: 2, maxBytes: 1000 })
    for (const id of ['01', '02', '03']) await byNumber.keep(summary(id, 3), id)
    t.same(
      (await byNumber.list()).map(({ id }) => id),
      ['03', '02']
    )
    t.equal(await byNumber.text('03'), '03')
    await t.rejects(byNumber.text('01'), { name: 'NotFound' })
    await t.rejects(byNumber.summary('01'), { name: 'NotFound' })
    const byBytes = new ReportArchive({ store, maxReports: 100, maxBytes: 5 })
    await byBytes.keep(summary('04', 9), 'too large')
    t.same(
      (await byBytes.list()).map(({ id }) => id),
      ['04'],
      'the newest is kept whatever its size'
    )
    await byBytes.remove('04')
    t.same(await byBytes.list(), [])
    await t.rejects(byBytes.remove('04'), { name: 'NotFound' })
  })
})

t.test('that a report is worse than the one before is in the log once, and goes with the report', async (t) => {
  await stored(t, async (store) => {
    const archive = new ReportArchive({ store, maxReports: 2, maxBytes: 1000 })
    const drops = async () =>
      (await store.log(0, 100)).entries.flatMap(({ changes }) =>
        changes.flatMap((change) => ('kind' in change && change.kind === 'ComplianceDrop' ? [change] : []))
      )
    await archive.keep(summary('01', 3), '1')
    await archive.keep({ ...summary('02', 3), since: '01', dropped: [], droppedCount: 0 }, '2')
    t.same(await drops(), [])
    await archive.keep({ ...summary('03', 3), since: '02', dropped: ['a/b'], droppedCount: 1 }, '3')
    t.match(await drops(), [{ change: 'created', id: '03' }])
    const drop = await store.document('ComplianceDrop', '03')
    t.match(JSON.parse(String(drop?.bytes)), { report: '03', since: '02', dropped: ['a/b'], droppedCount: 1 })
    for (const id of ['04', '05']) await archive.keep(summary(id, 3), id)
    t.equal(await store.document('ComplianceDrop', '03'), undefined, 'the report was deleted as the oldest')
    await archive.keep({ ...summary('06', 3), since: '05', dropped: ['a/b'], droppedCount: 1 }, '6')
    await archive.remove('06')
    t.equal(await store.document('ComplianceDrop', '06'), undefined)
  })
})

for (const isShared of [false, true]) {
  t.test(`a key is made once and found again${isShared ? ', by all hubs over one store' : ''}`, async (t) => {
    await stored(t, async (store, directory) => {
      const options = { store, clock: systemClock, directory, file: '', isShared }
      const { id, algorithm } = await new SigningKeys(options).current()
      t.equal(algorithm, 'EdDSA')
      const again = new SigningKeys(isShared ? { ...options, directory: join(directory, 'elsewhere') } : options)
      t.equal((await again.current()).id, id)
      const file = join(directory, 'signing-key.pem')
      if (isShared) await t.rejects(stat(file))
      else {
        t.equal((await stat(file)).mode & 0o777, 0o600, 'for its owner only')
        t.match(await readFile(file, 'utf8'), /^-----BEGIN PRIVATE KEY-----/)
      }
      const next = await again.rotate()
      t.same(
        (await again.published()).map(({ kid }) => kid).toSorted(),
        [id, next.id].toSorted(),
        'earlier public keys stay'
      )
      t.equal((await new SigningKeys(options).current()).id, next.id)
      t.notOk(
        (await again.published()).some((key) => 'd' in key),
        'private keys are not published'
      )
    })
  })
}

t.test('keys that are asked for at once are one, and those that are made at once are made in turn', async (t) => {
  await stored(t, async (store, directory) => {
    const keys = new SigningKeys({ store, clock: systemClock, directory, file: '', isShared: false })
    const asked = await Promise.all(Array.from({ length: 6 }, () => keys.current()))
    t.equal(new Set(asked.map(({ id }) => id)).size, 1)
    const made = await Promise.all(Array.from({ length: 6 }, () => keys.rotate()))
    t.equal(new Set(made.map(({ id }) => id)).size, 6)
    t.equal((await keys.current()).id, made.at(-1)?.id)
    t.equal((await keys.published()).length, 7)
  })
})

t.test('the key of a setting signs, whatever its kind; it is not replaced', async (t) => {
  await stored(t, async (store, directory) => {
    const kinds = [
      ['EdDSA', generateKeyPairSync('ed25519').privateKey],
      ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
      ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey],
      ['PS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey]
    ] as const
    for (const [algorithm, privateKey] of kinds) {
      const file = join(directory, `${algorithm}.pem`)
      await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const keys = new SigningKeys({ store, clock: systemClock, directory, file, isShared: false })
      const key = await keys.current()
      t.equal(key.algorithm, algorithm)
      const text = await signReport(report({ audit: [check('audit/chain', 'met')] }), key)
      t.equal((await checkReport(text)).keyId, key.id, algorithm)
      await t.rejects(keys.rotate(), { name: 'Conflict' })
    }
    const weak = join(directory, 'weak.pem')
    await writeFile(weak, generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const broken = join(directory, 'broken.pem')
    await writeFile(broken, '-----BEGIN PRIVATE KEY-----\nsecret\n')
    for (const file of [weak, broken, join(directory, 'absent.pem')]) {
      const keys = new SigningKeys({ store, clock: systemClock, directory, file, isShared: false })
      const error = await keys.current().catch((reason: Error) => reason)
      t.match(error, { name: 'Unavailable' })
      t.notMatch((error as Error).message, /secret|\n/)
    }
  })
})

t.test('a report that is changed by one byte, or signed by half, is refused in a sentence', async (t) => {
  const { privateKey } = generateKeyPairSync('ed25519')
  await stored(t, async (store, directory) => {
    const file = join(directory, 'key.pem')
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    t.ok(createPrivateKey(await readFile(file)))
    const key = await new SigningKeys({ store, clock: systemClock, directory, file, isShared: false }).current()
    const text = await signReport(report({ audit: [check('audit/chain', 'unmet')] }), key)
    t.same((await checkReport(JSON.stringify(JSON.parse(text), undefined, 2))).keyId, key.id, 'layout does not count')
    const refused = async (changed: string, message: RegExp) => {
      await t.rejects(checkReport(changed), { name: 'BadRequest', message }, changed.slice(0, 60))
    }
    for (const [from, to] of [
      ['"unmet"', '"met"'],
      ['audit/chain', 'audit/chaim'],
      ['2026-11-30T03:00:05', '2026-11-30T03:00:06']
    ] as const) {
      await refused(text.replace(from, to), /changed/)
    }
    const { signature } = parseReport(text)
    const flipped = signature?.at(-3) === 'A' ? 'B' : 'A'
    await refused(
      text.replace(signature ?? '', `${signature?.slice(0, -3)}${flipped}${signature?.slice(-2)}`),
      /changed/
    )
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    const [header = '', value = ''] = (signature ?? '').split('..')
    const forged = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), jwk: other }
    const forgedHeader = Buffer.from(JSON.stringify(forged)).toString('base64url')
    await refused(text.replace(header, forgedHeader).replace(value, value), /changed/)
    await refused(JSON.stringify({ ...JSON.parse(text), signature: undefined }), /not signed/)
    await refused('{"format":"other"}', /no compliance report/)
    await refused('not JSON', /no JSON/)
    await refused(text.replace('"formatVersion":1', '"formatVersion":2'), /version 2/)
    const none = Buffer.from(JSON.stringify({ ...forged, alg: 'none' })).toString('base64url')
    await refused(text.replace(header, none), /changed/)
  })
})
