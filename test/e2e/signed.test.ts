/** `$signed` of release 3.2: a document as a JWS that shows whether it was changed. */
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { compactVerify, decodeProtectedHeader } from 'jose'
import t from 'tap'
import { property, rule, submodel } from '../security/fixture.ts'
import { testDirectory } from '../test-directory.ts'
import { startGuarded } from './access-fixture.ts'
import { encode, start } from './harness.ts'

const SHELL = {
  modelType: 'AssetAdministrationShell',
  id: 'urn:a',
  assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' }
}

const keys = {
  EdDSA: generateKeyPairSync('ed25519').privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

for (const [algorithm, privateKey] of Object.entries(keys)) {
  t.test(`a document is signed by ${algorithm}, and its certificate leads to the published key`, async (t) => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const directory = testDirectory(t, { 'key.pem': pem })
    const hub = await start(t, { SIGNING_KEY: join(directory, 'key.pem') })
    const machine = submodel('urn:m', undefined, [property('speed', '1')])
    const concept = { modelType: 'ConceptDescription', id: 'urn:c' }
    await hub.post('/shells', SHELL)
    await hub.post('/submodels', machine)
    await hub.post('/concept-descriptions', concept)
    for (const [path, expected] of [
      [`/shells/${encode('urn:a')}`, SHELL],
      [`/submodels/${encode('urn:m')}`, machine],
      [`/concept-descriptions/${encode('urn:c')}`, concept]
    ] as const) {
      const { status, text, headers } = await hub.get(`${path}/$signed`)
      t.equal(status, 200, text)
      t.equal(headers.get('content-type'), 'text/plain')
      const { alg, typ, x5c = [], sigT, sid } = decodeProtectedHeader(text)
      t.strictSame([alg, typ, x5c.length], [algorithm, 'JWS', 1])
      t.match(sigT, /^\d{4}-\d\d-\d\dT.*Z$/)
      t.match(sid, /^[0-9a-f-]{36}$/)
      const certificate = new X509Certificate(Buffer.from(x5c[0] ?? '', 'base64'))
      t.ok(certificate.verify(certificate.publicKey), 'the certificate is signed by its key')
      t.ok(certificate.publicKey.equals(createPublicKey(privateKey)))
      const { payload } = await compactVerify(text, certificate.publicKey)
      t.strictSame(JSON.parse(Buffer.from(payload).toString()), expected)
      const [header, , signature] = text.split('.')
      const forged = `${header}.${Buffer.from('{}').toString('base64url')}.${signature}`
      await t.rejects(compactVerify(forged, certificate.publicKey))
    }
    t.equal((await hub.get(`/submodels/${encode('urn:x')}/$signed`)).status, 404)
  })
}

t.test('a document is signed as the caller may read it', async (t) => {
  const elements = {
    FILTER: { FRAGMENT: '$sme', CONDITION: { $eq: [{ $field: '$sme#idShort' }, { $strVal: 'speed' }] } }
  }
  const { as } = await startGuarded(t, { admin: { role: 'admin' }, line: { line: '1' } }, [
    rule({ rights: ['ALL'], attributes: [{ CLAIM: 'role' }] }),
    rule({ attributes: [{ CLAIM: 'line' }], objects: [{ IDENTIFIABLE: '$sm("urn:m")' }], more: elements })
  ])
  const machine = submodel('urn:m', undefined, [property('speed', '1'), property('recipe', 'canary')])
  for (const one of [machine, submodel('urn:hidden')]) await as.admin.ask('POST', '/submodels', one)
  const { text } = await as.line.get(`/submodels/${encode('urn:m')}/$signed`)
  const payload = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
  t.strictSame(payload, submodel('urn:m', undefined, [property('speed', '1')]))
  t.equal((await as.line.get(`/submodels/${encode('urn:hidden')}/$signed`)).status, 404)
})
