/**
 * The interfaces of a machine that are really in use: those of the hub that its samples come by, the addresses of its
 * submodels, and those of the asset itself that its submodels describe.
 */
import type { SampleTransport } from '../../model/collection/sample-source.ts'
import { encodeId } from '../../model/identifier.ts'
import { formatTime } from '../../model/time.ts'
import type { Submodel } from '../../model/types.ts'
import type { Block, DocumentSection, DocumentTable, ReportDocument, TableCell } from '../document.ts'
import { type AssetInterface, assetInterfacesOf } from './asset-interfaces.ts'
import { transportNames } from './collection-words.ts'
import { anchors, documentOf, toWrite } from './common.ts'
import { type InterfaceWords, interfaceWords } from './interface-words.ts'
import type { DocumentMaterial, HubInterfaces, MachinePoint } from './material.ts'

export function interfaceDefinition(material: DocumentMaterial): ReportDocument {
  const { machine, language, hub, points } = material
  const words = interfaceWords[language]
  const assetInterfaces = assetInterfacesOf(machine.submodels)
  const anchor = anchors()
  const sections: DocumentSection[] = []
  if (hub !== undefined) {
    sections.push(
      { id: anchor('hub'), heading: words.hub, blocks: hubBlocks(hub, points, words) },
      { id: anchor('sources'), heading: words.sources, blocks: sourceBlocks(points, words) },
      { id: anchor('submodels'), heading: words.addresses, blocks: [addressTable(hub, material, words)] }
    )
  }
  sections.push({
    id: anchor('asset'),
    heading: words.asset,
    blocks: assetInterfaces.length === 0 ? noInterfaces(words) : [interfaceTable(assetInterfaces, words)],
    sections: assetInterfaces.map((one) => ({
      id: anchor(`asset-${one.name}`),
      heading: `${one.name} (${one.protocol})`,
      blocks: [propertyTable(one, words)]
    }))
  })
  const toDo = { id: anchor('further'), heading: words.further, blocks: [toWrite(language, words.subjects)] }
  const title = hub === undefined ? words.titleOfFile : words.title
  return { ...documentOf(material, title, [...sections, toDo]), isLandscape: true }
}

// ---- of the hub

interface HubInterface {
  readonly name: string
  readonly address: string
  readonly form: string
  readonly purpose: string
  /** By which samples come. */
  readonly transport?: SampleTransport
}

function hubBlocks(hub: HubInterfaces, points: readonly MachinePoint[] | undefined, words: InterfaceWords): Block[] {
  const bySource = Map.groupBy(points ?? [], ({ source }) => source?.transport)
  const rows = interfacesOf(hub, words).map(({ name, address, form, purpose, transport }): TableCell[] => {
    const used = transport === undefined ? undefined : (bySource.get(transport) ?? [])
    return [name, address, form, purpose, ...usage(used, points !== undefined, words)]
  })
  const columns = [
    { heading: words.interface, width: 2 },
    { heading: words.address, width: 4 },
    { heading: words.form, width: 3 },
    { heading: words.purpose, width: 3 },
    { heading: words.inUse, width: 2 },
    { heading: words.lastSample, width: 2.2 }
  ]
  const security = { kind: 'paragraph' as const, text: hub.isSecured ? words.secured : words.open }
  return [{ kind: 'table', caption: words.hub, sheet: words.hub, columns, rows }, security]
}

function usage(used: readonly MachinePoint[] | undefined, isKnown: boolean, words: InterfaceWords): TableCell[] {
  if (used === undefined) return ['-', '-']
  if (!isKnown) return [{ text: '', statusWord: words.unknown, status: 'unknown' }, '-']
  if (used.length === 0) return [words.unused, '-']
  return [{ text: '', statusWord: words.points(used.length), status: 'met' }, lastOf(used)]
}

function lastOf(points: readonly MachinePoint[]): string {
  const last = points.reduce((latest, { point }) => Math.max(latest, point.actual?.figures.last ?? 0), 0)
  return last === 0 ? '-' : formatTime(BigInt(last) * 1000n)
}

function interfacesOf({ url, apiPrefix, broker }: HubInterfaces, words: InterfaceWords): HubInterface[] {
  const { purposes } = words
  return [
    { name: 'REST API', address: url + apiPrefix, form: 'HTTP, JSON (IDTA-01002)', purpose: purposes.api },
    {
      ...{ name: transportNames.http, address: `POST ${url}/ingest`, form: 'HTTP, JSON, NDJSON, CBOR, SenML' },
      ...{ purpose: purposes.ingest, transport: 'http' }
    },
    {
      ...{ name: transportNames['line-protocol'], address: `POST ${url}/api/v2/write`, form: 'InfluxDB line protocol' },
      ...{ purpose: purposes.ingest, transport: 'line-protocol' }
    },
    {
      ...{ name: 'WebSocket', address: `${url.replace(/^http/, 'ws')}/stream`, form: 'JSON, CBOR' },
      ...{ purpose: purposes.stream, transport: 'websocket' }
    },
    ...(broker === undefined
      ? []
      : [
          {
            ...{ name: 'MQTT', address: broker, form: 'Sparkplug B, JSON' },
            ...{ purpose: purposes.mqtt, transport: 'mqtt' as const }
          }
        ]),
    {
      ...{ name: transportNames['time-series-record'], address: `${url}${apiPrefix}/submodels/…`, form: 'IDTA 02008' },
      ...{ purpose: purposes.records, transport: 'time-series-record' }
    },
    {
      name: 'Events',
      address: `${url}/events`,
      form: 'HTTP, Server-Sent Events, CloudEvents',
      purpose: purposes.events
    },
    { name: 'Time series', address: `${url}/timeseries`, form: 'JSON, CSV, Parquet, Arrow', purpose: purposes.history }
  ]
}

/** Who delivers, by which transport. */
function sourceBlocks(points: readonly MachinePoint[] | undefined, words: InterfaceWords): Block[] {
  const delivering = (points ?? []).filter(({ point }) => (point.actual?.figures.count ?? 0) > 0)
  if (delivering.length === 0) {
    return [{ kind: 'paragraph', text: points === undefined ? words.noFigures : words.noSamples, status: 'unknown' }]
  }
  const groups = Map.groupBy(delivering, ({ source }) => JSON.stringify([source?.transport, source?.caller]))
  const rows = [...groups.values()].map((group): TableCell[] => {
    const { source } = group[0] ?? {}
    const samples = group.reduce((sum, { point }) => sum + (point.actual?.figures.count ?? 0), 0)
    const name = source === undefined ? '-' : transportNames[source.transport]
    return [name, source?.caller ?? '-', group.length, samples, lastOf(group)]
  })
  const columns = [words.interface, words.sender, words.pointCount, words.samples, words.lastSample]
  const table = { caption: words.sources, sheet: words.sources, columns: columns.map((heading) => ({ heading })), rows }
  return [{ kind: 'table', ...table }]
}

function addressTable(
  { url, apiPrefix }: HubInterfaces,
  { machine }: DocumentMaterial,
  words: InterfaceWords
): DocumentTable {
  const api = url + apiPrefix
  const shell = `${api}/shells/${encodeId(machine.shell.id)}`
  const rows: TableCell[][] = [
    [machine.shell.idShort ?? 'AAS', 'GET', shell, words.shellAddress],
    ...machine.submodels.flatMap((submodel) => submodelAddresses(submodel, api, words))
  ]
  const columns = [
    { heading: words.subject, width: 2 },
    { heading: words.method, width: 1 },
    { heading: words.address, width: 8 },
    { heading: words.purpose, width: 3 }
  ]
  return { kind: 'table', caption: words.addresses, sheet: words.addresses, columns, rows }
}

function submodelAddresses({ id, idShort }: Submodel, api: string, words: InterfaceWords): TableCell[][] {
  const address = `${api}/submodels/${encodeId(id)}`
  const name = idShort ?? id
  return [
    [name, 'GET', address, words.submodelAddress],
    [name, 'GET', `${address}/$value`, words.valueAddress],
    [name, 'PATCH', `${address}/submodel-elements/{idShortPath}/$value`, words.elementAddress]
  ]
}

// ---- of the asset

function noInterfaces(words: InterfaceWords): Block[] {
  return [{ kind: 'paragraph', text: words.noInterfaces }]
}

function interfaceTable(interfaces: readonly AssetInterface[], words: InterfaceWords): DocumentTable {
  const rows = interfaces.map(({ submodel, name, protocol, base, security, properties }): TableCell[] => {
    return [submodel, name, protocol, base, security.join(', ') || '-', properties.length]
  })
  const columns = [
    { heading: 'Submodel', width: 2 },
    { heading: words.interface, width: 2 },
    { heading: words.protocol, width: 1.2 },
    { heading: words.address, width: 4 },
    { heading: words.security, width: 1.5 },
    { heading: words.dataPoints, width: 1.2 }
  ]
  return { kind: 'table', caption: words.asset, sheet: words.asset, columns, rows }
}

function propertyTable({ name, protocol, properties }: AssetInterface, words: InterfaceWords): DocumentTable {
  const rows = properties.map((property): TableCell[] => [
    ...[property.name, property.type || '-', property.unit || '-', property.href || '-', property.contentType || '-']
  ])
  const columns = [
    { heading: words.dataPoint, width: 3 },
    { heading: words.dataType, width: 1.2 },
    { heading: words.unit, width: 1 },
    { heading: words.href, width: 5 },
    { heading: words.form, width: 2 }
  ]
  return { kind: 'table', caption: `${name} (${protocol})`, sheet: name, columns, rows }
}
