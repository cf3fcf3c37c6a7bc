/** A reference model that conforms to every rule of the profile kosmo, of both years; tests break it in one place. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type PackageFile, writeAasx } from '../../../src/formats/aasx-writer.ts'
import type { MetamodelRelease } from '../../../src/formats/releases.ts'
import type { Identifiable } from '../../../src/model/types.ts'

const BASE = 'https://www.smart-factory.kr/ids'
const NAMES = [
  ...['Identification', 'DigitalNameplate', 'Documentation', 'HandoverDocumentation'],
  ...['TechnicalData', 'OperationalData']
]

// biome-ignore lint/suspicious/noExplicitAny: tests break it in any way
export type Model = any

export const externalTo = (value: string, type = 'GlobalReference') => ({
  type: 'ExternalReference',
  keys: [{ type, value }]
})
const administration = { version: '1', revision: '0' }
const conceptId = (name: string) => `${BASE}/cd/${name}/1/0`
const semanticOf = (name: string) => ({ idShort: name, semanticId: externalTo(conceptId(name)) })

function concept(name: string, dataType: string, more: object = {}) {
  const texts = (en: string) => [
    { language: 'en', text: en },
    { language: 'ko', text: `${name} 설명` }
  ]
  const dataSpecificationContent = {
    modelType: 'DataSpecificationIec61360',
    ...{ preferredName: texts(name), dataType, definition: texts(`What ${name} is`) },
    ...more
  }
  const dataSpecification = externalTo('https://admin-shell.io/DataSpecificationTemplates/DataSpecificationIec61360/3')
  return {
    ...{ modelType: 'ConceptDescription', idShort: name, id: conceptId(name) },
    embeddedDataSpecifications: [{ dataSpecification, dataSpecificationContent }]
  }
}

/** An environment of one machine; every call makes a new one. */
export function referenceModel(): Model {
  const submodels = NAMES.map((idShort) => {
    const id = `${BASE}/sm/Press/${idShort}/1/0`
    return {
      ...{ modelType: 'Submodel', idShort, id, kind: 'Template', administration, semanticId: externalTo(id) },
      submodelElements: [
        { modelType: 'Property', ...semanticOf('Pressure'), valueType: 'xs:double', value: '12.5' },
        {
          ...{ modelType: 'MultiLanguageProperty', ...semanticOf('Title') },
          value: [
            { language: 'en', text: 'Press' },
            { language: 'ko', text: '프레스' }
          ]
        },
        {
          ...{ modelType: 'File', ...semanticOf('Manual') },
          ...{ value: 'file:///manual.pdf', contentType: 'application/pdf' }
        },
        {
          ...{ modelType: 'SubmodelElementList', ...semanticOf('Records'), typeValueListElement: 'Property' },
          ...{ valueTypeListElement: 'xs:double', semanticIdListElement: externalTo(conceptId('Pressure')) },
          value: [
            {
              ...{ modelType: 'Property', valueType: 'xs:double', value: '1' },
              semanticId: externalTo(conceptId('Pressure'))
            }
          ]
        }
      ]
    }
  })
  return {
    assetAdministrationShells: [
      {
        ...{ modelType: 'AssetAdministrationShell', idShort: 'Press', id: `${BASE}/aas/Press/1/0`, administration },
        assetInformation: {
          ...{ assetKind: 'Type', globalAssetId: `${BASE}/asset/Press/1/0` },
          defaultThumbnail: { path: '/thumbnail.png', contentType: 'image/png' }
        },
        submodels: submodels.map(({ id }) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }))
      }
    ],
    submodels,
    conceptDescriptions: [
      concept('Pressure', 'REAL_MEASURE', { unit: 'bar' }),
      concept('Title', 'STRING_TRANSLATABLE'),
      concept('Manual', 'STRING'),
      concept('Records', 'STRING')
    ]
  }
}

const thumbnail: PackageFile = file('/thumbnail.png', 'image/png', 'picture', { thumbnail: true })
export const manual: PackageFile = file('/manual.pdf', 'application/pdf', 'manual')

export function file(name: string, contentType: string, text: string, more: object = {}): PackageFile {
  return { name, contentType, open: async () => Readable.from([text]), ...more }
}

export interface PackageChoices {
  readonly files?: readonly PackageFile[]
  readonly form?: 'xml' | 'json'
  readonly release?: MetamodelRelease
}

/** Writes the model as a package; it may be invalid. */
export async function writePackage(path: string, model: Model, choices: PackageChoices = {}): Promise<string> {
  const { files = [thumbnail, manual], form = 'xml', release = '3.0' } = choices
  const documents: Identifiable[] = [
    ...model.assetAdministrationShells,
    ...model.submodels,
    ...model.conceptDescriptions
  ]
  const identifiables = (async function* () {
    yield* documents
  })()
  await pipeline(writeAasx({ identifiables, files, form, release }), createWriteStream(path))
  return path
}
