/** Checks of shells, of the set of submodels, and of the thumbnail in the package. */
import { partKey } from '../../../formats/part-names.ts'
import { check } from './check.ts'

export const assetId = check({
  values: {},
  found: {
    missing: {
      en: 'assetInformation has neither a globalAssetId nor specificAssetIds',
      ko: 'assetInformation에 globalAssetId도 specificAssetIds도 없습니다'
    }
  },
  run({ file }, _values, report) {
    for (const document of file.shells) {
      const { globalAssetId, specificAssetIds = [] } = document.document.assetInformation ?? {}
      if (!globalAssetId && specificAssetIds.length === 0) report('missing', { document, path: ['assetInformation'] })
    }
  }
})

export const assetKind = check({
  values: { required: 'text' },
  found: {
    other: {
      en: 'the assetKind is {kind}, expected {required}',
      ko: 'assetKind가 {kind}입니다. {required}이어야 합니다'
    }
  },
  run({ file }, { required }, report) {
    for (const document of file.shells) {
      const { assetKind } = document.document.assetInformation ?? {}
      if (assetKind === required) continue
      const place = { document, path: ['assetInformation', 'assetKind'] }
      report('other', place, { values: { kind: assetKind ?? '–', required } })
    }
  }
})

export const requiredSubmodels = check({
  values: { required: 'texts', count: 'range?' },
  found: {
    missing: { en: 'there is no submodel {missing}', ko: '필수 서브모델 {missing}이(가) 없습니다' },
    count: {
      en: 'there are {count} submodels, expected {from} to {to}',
      ko: '서브모델이 {count}개입니다. {from}~{to}개이어야 합니다'
    }
  },
  run({ file }, { required, count }, report) {
    const names = new Set(file.submodels.map(({ document }) => document.idShort))
    const missing = required.filter((name) => !names.has(name))
    if (missing.length > 0) report('missing', 'file', { values: { missing: missing.join(', ') } })
    const total = file.documents.filter(({ className }) => className === 'Submodel').length
    if (count !== undefined && (total < count[0] || total > count[1]))
      report('count', 'file', { values: { count: total, from: count[0], to: count[1] } })
  }
})

/** The part that a path of a thumbnail names by the letter. */
function partOf(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

export const thumbnail = check({
  values: {},
  found: {
    missing: { en: 'there is no defaultThumbnail with a path', ko: 'defaultThumbnail의 path가 없습니다' },
    noPart: {
      en: 'the package has no part "{part}", which defaultThumbnail names',
      ko: 'defaultThumbnail이 가리키는 파트 "{part}"이(가) 패키지에 없습니다'
    }
  },
  run({ file }, _values, report) {
    for (const document of file.shells) {
      const path = document.document.assetInformation?.defaultThumbnail?.path
      if (!path) report('missing', { document, path: ['assetInformation', 'defaultThumbnail'] })
      else if (file.package !== undefined && !file.package.hasPart(partOf(path))) {
        const place = { document, path: ['assetInformation', 'defaultThumbnail', 'path'] }
        report('noPart', place, { values: { part: partOf(path) } })
      }
    }
  }
})

export const thumbnailPart = check({
  values: {},
  found: {
    noPart: { en: 'the package has no part "{part}"', ko: '패키지에 파트 "{part}"이(가) 없습니다' },
    noRelationship: {
      en: 'the package has no relationship "thumbnail" to "{part}"',
      ko: '패키지 관계(_rels/.rels)에 썸네일 "{part}"이(가) 없습니다'
    },
    noType: {
      en: '[Content_Types].xml has no media type for "{part}"',
      ko: '[Content_Types].xml에 "{part}"의 형식이 없습니다'
    },
    typeByExtension: {
      en: '[Content_Types].xml has a media type for the extension of "{part}" only',
      ko: '[Content_Types].xml에 "{part}"의 형식이 확장자로만 선언되었습니다'
    }
  },
  run({ file: { shells, package: facts } }, _values, report) {
    const [document] = shells
    const path = document?.document.assetInformation?.defaultThumbnail?.path
    if (document === undefined || facts === undefined || !path) return
    const part = partOf(path)
    const place = { document, path: ['assetInformation', 'defaultThumbnail', 'path'] }
    if (!facts.hasPart(part)) return report('noPart', place, { values: { part } })
    if (!facts.thumbnails.some((target) => partKey(target) === partKey(part)))
      report('noRelationship', place, { values: { part } })
    const declared = facts.contentTypeOf(part)
    if (declared === undefined) report('noType', place, { values: { part } })
    else if (declared === 'extension') report('typeByExtension', place, { values: { part }, severity: 'info' })
  }
})
