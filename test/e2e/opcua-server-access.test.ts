/** What callers of the OPC UA server may see and change: sessions by password, key and certificate, and anonymous ones. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AttributeIds,
  crypto_utils,
  DataType,
  MessageSecurityMode,
  type OPCUAClientOptions,
  SecurityPolicy,
  StatusCodes,
  type UserIdentityInfo,
  UserTokenType,
  Variant
} from 'node-opcua-client'
import t, { type Test } from 'tap'
import { CertificateStore } from '../../src/operations/opcua-certificates/certificate-store.ts'
import { claim, eq, type Json, rule, str } from '../security/fixture.ts'
import { until } from '../until.ts'
import { node, OpcuaClient, opcuaSettings, serving } from './opcua-client.ts'
import { type SecuredHub, secured } from './secured-hub.ts'

const property = (idShort: string, value: string) => ({ modelType: 'Property', idShort, valueType: 'xs:int', value })
const submodel = (id: string) => ({
  ...{ modelType: 'Submodel', id, idShort: id.slice(4) },
  submodelElements: [property('Speed', '1'), property('Secret', '2')]
})
const shell = {
  ...{ modelType: 'AssetAdministrationShell', id: 'urn:shell', idShort: 'Shell' },
  assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:asset' },
  submodels: ['urn:open', 'urn:closed', 'urn:shown'].map((value) => ({
    type: 'ModelReference',
    keys: [{ type: 'Submodel', value }]
  }))
}

const everyone = { $boolean: true }
const reader = eq(claim('role'), str('reader'))
const allow = (objects: readonly Json[], formula: Json, rights = ['READ']) => rule({ objects, rights, formula })
const SHELLS = { IDENTIFIABLE: '$aas("*")' }
const SPEED = { REFERABLE: '$sme("urn:open").Speed' }

interface ServingHub extends SecuredHub {
  readonly url: string
  readonly certificates: string
}

async function securedServer(t: Test, rules: readonly Json[]): Promise<ServingHub> {
  const settings = await opcuaSettings()
  const fill = async ({ post }: SecuredHub['hub']) => {
    await post('/shells', shell)
    for (const id of ['urn:open', 'urn:closed', 'urn:shown']) await post('/submodels', submodel(id))
  }
  const hub = await secured(t, rules, fill, {}, settings)
  return { ...hub, certificates: join(hub.hub.directory, 'opcua-certificates'), url: await serving(settings) }
}

const byPassword = (userName: string, password: string): UserIdentityInfo => {
  return { type: UserTokenType.UserName, userName, password }
}
const status = async (client: OpcuaClient, id: string) => (await client.read(node(id))).statusCode

t.test('callers of the OPC UA server', async (t) => {
  // One for all: the server takes seconds to start.
  const hub = await securedServer(t, [])
  const { url, certificates } = hub
  const sessions = async () => {
    const { text } = await hub.ask('GET', '/metrics')
    return Number(/^aas_hub_opcua_sessions (\d+)$/m.exec(text)?.[1])
  }

  await t.test('what is hidden from the user of a session is absent', async (t) => {
    await hub.apply(
      allow([SHELLS, SPEED, { IDENTIFIABLE: '$sm("urn:shown")' }], reader),
      allow([SPEED], reader, ['UPDATE']),
      // For all that have no credentials, too.
      allow([{ IDENTIFIABLE: '$sm("urn:closed")' }], everyone)
    )
    const { key, id } = await hub.key({ role: 'reader' })
    await t.rejects(OpcuaClient.open(t, url, byPassword('kim', 'wrong')), { message: /BadUserAccessDenied/ })
    const client = await OpcuaClient.open(t, url, byPassword('gateway', key))
    const below = await client.names(node('AAS:urn:shell#'))
    t.same(below.slice(3, 6), ['open', 'closed', 'shown'])
    t.same(await client.names(node('AASEnvironment/Submodels')), ['FolderType', 'closed', 'shown'])
    const elements = await client.names(node('SM:urn:open#'))
    t.ok(elements.includes('Speed'))
    t.notOk(elements.includes('Secret'))
    t.equal(await status(client, 'SM:urn:open#Speed/Value'), StatusCodes.Good)
    for (const attribute of [AttributeIds.Value, AttributeIds.BrowseName]) {
      const { statusCode } = await client.read(node('SM:urn:open#Secret/Value'), attribute)
      t.equal(statusCode, StatusCodes.BadNodeIdUnknown)
    }
    t.equal((await client.result(node('SM:urn:open#Secret'))).statusCode, StatusCodes.BadNodeIdUnknown)
    await t.rejects(client.monitor(node('SM:urn:open#Secret/Value'), 0), { message: /BadNodeIdUnknown/ })
    const write = (path: string) =>
      client.session.write({
        ...{ nodeId: node(`SM:urn:open#${path}/Value`), attributeId: AttributeIds.Value },
        value: { value: new Variant({ dataType: DataType.Int32, value: 5 }) }
      })
    t.equal(await write('Speed'), StatusCodes.Good)
    t.equal(await write('Secret'), StatusCodes.BadNodeIdUnknown)

    const anonymous = await OpcuaClient.open(t, url)
    t.same(await anonymous.names(node('AASEnvironment/Submodels')), ['FolderType', 'closed'])
    t.same(await anonymous.names(node('AASEnvironment/AssetAdministrationShells')), ['FolderType'])
    t.equal(await status(anonymous, 'SM:urn:open#Speed/Value'), StatusCodes.BadNodeIdUnknown)
    t.equal(await status(anonymous, 'SM:urn:closed#Speed/Value'), StatusCodes.Good)
    t.equal(
      await anonymous.session.write({
        ...{ nodeId: node('SM:urn:closed#Speed/Value'), attributeId: AttributeIds.Value },
        value: { value: new Variant({ dataType: DataType.Int32, value: 5 }) }
      }),
      StatusCodes.BadUserAccessDenied
    )

    const values = await client.monitor(node('SM:urn:open#Speed/Value'), 0)
    await until(() => values.length === 1)
    t.equal(values[0]?.value.value, 5)
    // Values that monitored items hold are no nodes that others can read.
    for (const at of [1, 2, 3]) {
      const { statusCode } = await anonymous.session.read({ nodeId: `ns=4;i=${at}`, attributeId: AttributeIds.Value })
      t.equal(statusCode, StatusCodes.BadNodeIdUnknown)
    }
    await hub.apply(allow([SHELLS], reader))
    await until(() => values.at(-1)?.statusCode === StatusCodes.BadNodeIdUnknown)
    t.equal(await status(client, 'SM:urn:open#Speed/Value'), StatusCodes.BadNodeIdUnknown, 'the rules are others')
    t.equal((await hub.ask('DELETE', `/security/keys?id=${id}`)).status, 204)
    // That of the key, and that of an anonymous caller, for which there is no rule any more.
    await until(async () => (await sessions()) === 0)
  })

  await t.test('without a rule for them there are no anonymous sessions', async (t) => {
    await hub.apply(allow([SPEED], reader))
    await t.rejects(OpcuaClient.open(t, url), { message: /BadUserAccessDenied/ })
  })

  await t.test('certificates of clients and users have to be trusted first', async (t) => {
    await hub.apply(allow([SPEED], eq(claim('sub'), str('certificate:CN=scada'))))
    const store = new CertificateStore(certificates)
    const trustAll = async () => {
      for (const { trust, thumbprint } of await store.list())
        if (trust === 'rejected') await store.move(thumbprint, 'trusted')
    }
    const files = { key: join(certificates, '..', 'scada.key'), cert: join(certificates, '..', 'scada.pem') }
    const privateKey = await crypto_utils.generatePrivateKey(2048)
    const { cert } = await crypto_utils.createSelfSignedCertificate({
      ...{ privateKey, subject: '/CN=scada', applicationUri: 'urn:scada', dns: ['localhost'], validity: 2 },
      ...{ notBefore: new Date(), purpose: crypto_utils.CertificatePurpose.ForApplication }
    })
    writeFileSync(files.cert, cert)
    writeFileSync(files.key, (await crypto_utils.privateKeyToPEM(privateKey)).privPem)
    const secure: OPCUAClientOptions = {
      ...{ securityMode: MessageSecurityMode.SignAndEncrypt, securityPolicy: SecurityPolicy.Aes256_Sha256_RsaPss },
      ...{ certificateFile: files.cert, privateKeyFile: files.key, applicationUri: 'urn:scada' }
    }
    const user: UserIdentityInfo = {
      ...{ type: UserTokenType.Certificate, privateKey: readFileSync(files.key, 'utf8') },
      certificateData: crypto_utils.convertPEMtoDER(readFileSync(files.cert, 'utf8'))
    } as UserIdentityInfo
    await t.rejects(OpcuaClient.open(t, url, user, secure))
    const listed = await store.list()
    t.ok(
      listed.some(({ trust, subject }) => trust === 'rejected' && subject === 'CN=scada'),
      JSON.stringify(listed)
    )
    await trustAll()
    const client = await OpcuaClient.open(t, url, user, secure)
    t.equal(await status(client, 'SM:urn:open#Speed/Value'), StatusCodes.Good)
    t.equal(await status(client, 'SM:urn:open#Secret/Value'), StatusCodes.BadNodeIdUnknown)
  })
})
