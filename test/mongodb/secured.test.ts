import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startFerretdb } from '../../scripts/databases/ferretdb.ts'
import { openMongo } from '../../src/store/mongodb/mongodb.ts'
import { create, submodel, withStore } from '../store/fixtures.ts'

const skip = (process.env.MONGODB_URL ?? '') === '' && 'MONGODB_URL is not set; npm run test:mongodb starts a server'

t.test(
  'a database behind TLS is used if its certificate is trusted, by a user with a password',
  { skip, timeout: 60_000 },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'aas-hub-secured-'))
    const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate]
    ])
    const user = { name: 'hub', password: 'p:ss w/rd' }
    const server = await startFerretdb(join(directory, 'data'), { certificate, key, user })
    t.teardown(async () => {
      await server.kill()
      await rm(directory, { recursive: true, force: true })
    })
    const [credentialsFile, wrongFile] = [join(directory, 'credentials'), join(directory, 'wrong')]
    await writeFile(credentialsFile, `${user.name}:${user.password}\n`)
    await writeFile(wrongFile, `${user.name}:guessed\n`)
    const url = `${server.url}hub?authSource=admin`
    const connectTimeoutMs = 1000

    await withStore(await openMongo(url, { caFile: certificate, credentialsFile }), async (store) => {
      t.match(await store.commit([create(submodel('a'))]), { seq: 1 })
      t.match(await store.document('Submodel', 'a'), { id: 'a' })
    })
    await t.rejects(
      openMongo(url, { caFile: certificate, credentialsFile: wrongFile, connectTimeoutMs }),
      { name: 'Unavailable' },
      'a wrong password'
    )
    await t.rejects(openMongo(url, { credentialsFile, connectTimeoutMs }), { name: 'Unavailable' }, 'no TLS')
    await t.rejects(
      openMongo(`${url}&tls=true`, { credentialsFile, connectTimeoutMs }),
      { name: 'Unavailable' },
      'no trusted certificate'
    )
  }
)
