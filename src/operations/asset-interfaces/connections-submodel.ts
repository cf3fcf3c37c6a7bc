/** The connections of the hub as a submodel of its own: what an Asset Interfaces Description says of them, and how they do. */
import { createHash } from 'node:crypto'
import { formatPath } from '../../model/path.ts'
import type { AssetAdministrationShell, DataTypeDefXsd, Submodel, SubmodelElement } from '../../model/types.ts'
import type { ConnectionState } from './connection.ts'
import { collection, modelReference, property, referenceElement } from './describe/elements.ts'
import { toIdShort } from './describe/interface-draft.ts'

const AID = 'https://admin-shell.io/idta/AssetInterfacesDescription/1/0'
const TD = 'https://www.w3.org/2019/wot/td'

/** What changes by itself; these members only as often as figures are written. */
const FIGURES: ReadonlySet<string> = new Set(['Rate', 'Lag', 'Accepted', 'Refused', 'Missed', 'LastSample'])

export interface ConnectionValue {
  /** idShortPath. */
  readonly path: string
  /** Undefined: there is none at present. */
  readonly value: string | undefined
  readonly isFigure: boolean
}

export function connectionsSubmodel(id: string, connections: readonly ConnectionState[]): Submodel {
  return {
    ...{ modelType: 'Submodel', id, idShort: 'Connections', kind: 'Instance' },
    description: [
      {
        language: 'en',
        text: 'The connections of the hub to machines. It is written by the hub: other changes are replaced.'
      },
      { language: 'ko', text: '허브가 설비와 맺은 연결입니다. 허브가 기록하며, 다른 변경은 되돌려집니다.' }
    ],
    submodelElements: [
      property('Count', [], String(connections.length), 'xs:int'),
      ...connections.map((connection) => connectionElement(connection))
    ]
  }
}

/** The hub itself, whose submodel the connections are. @param instance identifies the data of the hub */
export function hubShell(id: string, submodel: string, instance: string): AssetAdministrationShell {
  return {
    ...{ modelType: 'AssetAdministrationShell', id, idShort: 'Hub' },
    description: [
      { language: 'en', text: 'The hub that stores this shell.' },
      { language: 'ko', text: '이 셸을 저장하고 있는 허브입니다.' }
    ],
    assetInformation: { assetKind: 'Instance', globalAssetId: `urn:aas-hub:instance:${instance}` },
    submodels: [modelReference(submodel, [])]
  }
}

/** Of all elements that `connectionsSubmodel` has for these connections. */
export function connectionValues(connections: readonly ConnectionState[]): ConnectionValue[] {
  return connections.flatMap((connection) =>
    membersOf(connection).map(([name, , value]) => ({
      ...{ path: formatPath([nameOf(connection), name]), value, isFigure: FIGURES.has(name) }
    }))
  )
}

/** Differs when the submodel needs other elements. */
export function connectionsVersion(connections: readonly ConnectionState[]): string {
  return JSON.stringify(connections.map(({ id, title, target, protocol }) => [id, title, target, protocol]))
}

function connectionElement(connection: ConnectionState): SubmodelElement {
  const { submodel, idShort, title, target, protocol } = connection
  return collection(nameOf(connection), `${AID}/Interface`, [
    ...(title === undefined ? [] : [property('title', `${TD}#title`, title)]),
    ...(target === undefined ? [] : [property('base', `${TD}#baseURI`, target, 'xs:anyURI')]),
    referenceElement('Description', undefined, modelReference(submodel, [['SubmodelElementCollection', idShort]])),
    property('Protocol', [], protocol),
    ...membersOf(connection).map(([name, type, value]) => property(name, [], value, type))
  ])
}

/** An idShort that stays as other connections come and go; those of two machines may have the same one. */
function nameOf({ id, idShort }: ConnectionState): string {
  return `${toIdShort(idShort)}_${createHash('sha256').update(id).digest('hex').slice(0, 8)}`
}

function membersOf(state: ConnectionState): readonly (readonly [string, DataTypeDefXsd, string | undefined])[] {
  return [
    ['State', 'xs:string', state.state],
    ['Since', 'xs:dateTime', timeOf(state.since)],
    ['LastError', 'xs:string', state.lastError?.text],
    ['LastErrorTime', 'xs:dateTime', timeOf(state.lastError?.time)],
    ['NextTry', 'xs:dateTime', timeOf(state.nextTry)],
    ['Problems', 'xs:int', String(state.problems.length)],
    ['Items', 'xs:int', String(state.items)],
    ['Gaps', 'xs:long', String(state.gaps)],
    ['Reconnects', 'xs:long', String(state.reconnects)],
    ['Rate', 'xs:double', String(Number(state.rate.toPrecision(4)))],
    ['Lag', 'xs:double', state.lag === undefined ? undefined : String(state.lag / 1000)],
    ['Accepted', 'xs:long', String(state.accepted)],
    ['Refused', 'xs:long', String(state.refused)],
    ['Missed', 'xs:long', String(state.missed)],
    ['LastSample', 'xs:dateTime', timeOf(state.lastSample)]
  ]
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
