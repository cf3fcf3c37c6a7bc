/** Plants whose files have names that tempt a writer of packages to go wrong. */
import fc from 'fast-check'
import { encodeId } from '../../src/model/identifier.ts'

const hostile = fc.constantFrom(
  'manual.pdf',
  'Manual.pdf',
  'MANUAL.PDF',
  'my file.pdf',
  '설명서.pdf',
  '설명서.pdf'.normalize('NFD'),
  'été.pdf',
  'C#.pdf',
  '100%.pdf',
  '100%25.pdf',
  '%41.pdf',
  'a+b&c=d;e.pdf',
  'what?.pdf',
  'x[0].pdf',
  '...',
  'dot.',
  '..',
  '.hidden',
  'a/b.pdf',
  'C:\\fakepath\\a.pdf',
  `"quoted" 'name' <b>.pdf`,
  `${'long'.repeat(100)}.pdf`,
  '[Content_Types].xml',
  'data.xml',
  'aasx-origin',
  '😀.pdf',
  'no-extension'
)
const fileName = fc.oneof(
  { weight: 3, arbitrary: hostile },
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
)

/** Names of files by the path of the element that they are attached to. */
export const attachments = fc.record({
  Manual: fileName,
  'Documents[0]': fileName,
  'Folders[0].File': fileName,
  'Machine.Drawing': fileName,
  'Machine.drawing': fileName,
  thumbnail: fileName
})

const file = (idShort?: string) => ({ modelType: 'File', ...(idShort && { idShort }), contentType: 'application/pdf' })

/** A shell and a submodel with File elements in every kind of container. */
export function plant(id: string) {
  const shell = {
    modelType: 'AssetAdministrationShell',
    id: `urn:shell:${id}`,
    assetInformation: { assetKind: 'Instance', globalAssetId: `urn:asset:${id}` },
    submodels: [{ type: 'ModelReference', keys: [{ type: 'Submodel', value: `urn:docs:${id}` }] }]
  }
  const list = (idShort: string, typeValueListElement: string, value: object[]) => ({
    ...{ modelType: 'SubmodelElementList', idShort, typeValueListElement, value }
  })
  const submodel = {
    modelType: 'Submodel',
    id: `urn:docs:${id}`,
    submodelElements: [
      file('Manual'),
      list('Documents', 'File', [file()]),
      list('Folders', 'SubmodelElementCollection', [{ modelType: 'SubmodelElementCollection', value: [file('File')] }]),
      {
        modelType: 'Entity',
        idShort: 'Machine',
        entityType: 'CoManagedEntity',
        statements: [file('Drawing'), file('drawing')]
      }
    ]
  }
  return { shell, submodel }
}

/** Below the API, where the file of an element, or the thumbnail, is put and got. */
export function addressOf(id: string, path: string): string {
  return path === 'thumbnail'
    ? `/shells/${encodeId(`urn:shell:${id}`)}/asset-information/thumbnail`
    : `/submodels/${encodeId(`urn:docs:${id}`)}/submodel-elements/${encodeURIComponent(path)}/attachment`
}
