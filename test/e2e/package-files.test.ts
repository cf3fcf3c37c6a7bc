import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { ZipFile } from 'yazl'
import { encode, type Running, start } from './harness.ts'

const AASX = 'application/asset-administration-shell-package+xml'
const TYPES = 'http://admin-shell.io/aasx/relationships'

const relationships = (...targets: [type: string, target: string][]) =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets
    .map(([type, target], index) => `<Relationship Id="r${index}" Type="${type}" Target="${target}"/>`)
    .join('')}</Relationships>`

interface Given {
  readonly link: string
  /** Name of the file in the ZIP directory. */
  readonly item: string
  /** Bytes of that name. */
  readonly raw?: Buffer
  /** Whether the name is said to be UTF-8. */
  readonly isFlagged?: boolean
  /** Name of the part with the document. */
  readonly document?: string
}

/** A package with a submodel and a shell whose File and thumbnail link to the same file. */
async function pack({ link, item, raw, isFlagged = false, document = '/aasx/data.xml' }: Given): Promise<Buffer> {
  const zip = new ZipFile()
  const add = (name: string, text: string) => zip.addBuffer(Buffer.from(text), name, { compress: false })
  const placeholder = raw === undefined ? item : 'x'.repeat(raw.length)
  const [, folder = '', name = ''] = /^(.*)\/([^/]+)$/.exec(document) ?? []
  add('[Content_Types].xml', '<Types><Default Extension="pdf" ContentType="application/pdf"/></Types>')
  add('_rels/.rels', relationships([`${TYPES}/aasx-origin`, '/aasx/aasx-origin']))
  add('aasx/aasx-origin', '')
  add('aasx/_rels/aasx-origin.rels', relationships([`${TYPES}/aas-spec`, document]))
  add(`${folder.slice(1)}/_rels/${name}.rels`, relationships())
  add(
    document.slice(1),
    `<environment xmlns="https://admin-shell.io/aas/3/1"><assetAdministrationShells><assetAdministrationShell>
      <id>s</id><assetInformation><assetKind>Instance</assetKind><globalAssetId>a</globalAssetId>
      <defaultThumbnail><path>${link}</path></defaultThumbnail></assetInformation></assetAdministrationShell></assetAdministrationShells>
      <submodels><submodel><id>m</id><submodelElements><file><idShort>Manual</idShort><value>${link}</value>
      <contentType>application/pdf</contentType></file></submodelElements></submodel></submodels></environment>`
  )
  add(placeholder, 'the bytes')
  zip.end()
  const bytes = await buffer(zip.outputStream)
  for (let at = raw ? bytes.indexOf(placeholder) : -1; at >= 0; at = bytes.indexOf(placeholder, at + 1)) {
    raw?.copy(bytes, at)
    if (isFlagged) continue
    // The flags of the local header, or of the one in the directory.
    const flags = bytes.readUInt32LE(at - 30) === 0x04034b50 ? at - 24 : at - 38
    bytes.writeUInt16LE(bytes.readUInt16LE(flags) & ~0x800, flags)
  }
  return bytes
}

async function upload(hub: Running, bytes: Buffer, query = '') {
  return hub.ask('POST', `${hub.url}/upload${query}`, bytes, { 'content-type': AASX })
}

const MANUAL = `/submodels/${encode('m')}/submodel-elements/Manual/attachment`
const THUMBNAIL = `/shells/${encode('s')}/asset-information/thumbnail`
const korean = Buffer.from([0xbc, 0xb3, 0xb8, 0xed])
const inFolder = (name: Buffer) => Buffer.concat([Buffer.from('aasx/files/'), name, Buffer.from('.pdf')])

t.test('a file is found through every form of link', async (t) => {
  const item = 'aasx/files/m.pdf'
  const escaped = '/aasx/files/%EC%84%A4%EB%AA%85.pdf'
  const given: Given[] = [
    { link: '/aasx/files/m.pdf', item },
    { link: 'aasx/files/m.pdf', item },
    { link: './aasx/files/m.pdf', item },
    { link: 'files/m.pdf', item },
    { link: './files/m.pdf', item },
    { link: 'file:/aasx/files/m.pdf', item },
    { link: 'file:///aasx/files/m.pdf', item },
    { link: 'file://aasx/files/m.pdf', item },
    { link: 'file://localhost/aasx/files/m.pdf', item },
    { link: '/aasx/files/M.PDF', item },
    { link: '/aasx/files/./m.pdf', item },
    { link: '/aasx/files/m.pdf#page=3', item },
    { link: 'files/m.pdf', item, document: '/aasx/xml/content.xml' },
    { link: '../files/m.pdf', item, document: '/aasx/xml/content.xml' },
    { link: 'm.pdf', item: 'm.pdf' },
    { link: 'file:///m.pdf', item: 'm.pdf' },
    { link: '/aasx/files/my%20file.pdf', item: 'aasx/files/my%20file.pdf' },
    { link: '/aasx/files/my%20file.pdf', item: 'aasx/files/my file.pdf' },
    { link: '/aasx/files/%6d.pdf', item },
    { link: '/aasx/files/100%25.pdf', item: 'aasx/files/100%25.pdf' },
    { link: escaped, item: 'aasx/files/%ec%84%a4%eb%aa%85.pdf' },
    { link: escaped, item: 'aasx/files/설명.pdf' },
    { link: escaped, item: 'aasx/files/설명.pdf'.normalize('NFD') },
    { link: encodeURI('/aasx/files/설명.pdf'.normalize('NFD')), item: 'aasx/files/설명.pdf' },
    // What this hub once wrote.
    { link: escaped, item: 'aasx/files/%25EC%2584%25A4%25EB%25AA%2585.pdf' },
    // CP949, and UTF-8 without the flag that says so.
    { link: escaped, item: 'raw', raw: inFolder(korean) },
    { link: escaped, item: 'raw', raw: inFolder(korean), isFlagged: true },
    { link: escaped, item: 'raw', raw: inFolder(Buffer.from('설명')) },
    { link: '/aasx/files/%C3%A9.pdf', item: 'raw', raw: inFolder(Buffer.from([0x82])) },
    { link: '/aasx/files/m.pdf', item: 'raw', raw: Buffer.from('aasx\\files\\m.pdf') }
  ]
  const hub = await start(t)
  for (const one of given) {
    const name = `${one.link} of ${one.raw?.toString('latin1') ?? one.item}`
    const { status, json } = await upload(hub, await pack(one))
    t.same({ status, warnings: json.warnings }, { status: 201, warnings: [] }, name)
    t.equal((await hub.get(MANUAL)).text, 'the bytes', name)
    t.equal((await hub.get(THUMBNAIL)).text, 'the bytes', `${name}: thumbnail`)
    t.equal((await hub.get(`/submodels/${encode('m')}`)).json.submodelElements[0].value, one.link, 'the link stays')
    await hub.remove(`/submodels/${encode('m')}`)
    await hub.remove(`/shells/${encode('s')}`)
  }
})

t.test('links to no file, and files without a link, are reported', async (t) => {
  const hub = await start(t)
  const { json } = await upload(hub, await pack({ link: '/aasx/files/none.pdf', item: 'aasx/files/m.pdf' }))
  t.match(json, {
    files: 1,
    violations: [],
    warnings: [
      { pointer: /data\.xml line 1: \/assetInformation\/defaultThumbnail\/path$/, text: /"\/aasx\/files\/none\.pdf"/ },
      { pointer: /\/submodelElements\/0\/value$/ },
      { pointer: '/aasx/files/m.pdf', text: /links to this file/ }
    ]
  })
  const external = await upload(
    hub,
    await pack({ link: 'https://example.com/m.pdf', item: 'm.pdf' }),
    '?existing=replace'
  )
  t.match(external.json.warnings, [{ pointer: '/m.pdf' }], 'an address elsewhere is no file of the package')
})

t.test('replacing a document deletes the files that it no longer links to', async (t) => {
  const hub = await start(t)
  await upload(hub, await pack({ link: '/one.pdf', item: 'one.pdf' }))
  await upload(hub, await pack({ link: '/two.pdf', item: 'two.pdf' }), '?existing=replace')
  const written = await fetch(`${hub.api}/serialization`, { headers: { accept: AASX } })
  const text = Buffer.from(await written.arrayBuffer()).toString('latin1')
  t.match(text, /two\.pdf/)
  t.notMatch(text, /one\.pdf/)
})
