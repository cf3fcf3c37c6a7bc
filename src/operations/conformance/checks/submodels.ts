/** Checks of submodels and their elements. */
import type { DocumentPath } from '../../../model/document-path.ts'
import { isA } from '../../../model/fields.ts'
import type { ConceptDescription, SubmodelElement } from '../../../model/types.ts'
import { check } from './check.ts'
import type { InspectedDocument, InspectedFile } from './inspected-file.ts'

export const submodelKind = check({
  values: { required: 'text' },
  found: {
    other: { en: 'the kind is {kind}, expected {required}', ko: 'kind가 {kind}입니다. {required}이어야 합니다' }
  },
  run({ file }, { required }, report) {
    for (const document of file.submodels) {
      const { kind = 'Instance' } = document.document
      if (kind !== required) report('other', { document, path: ['kind'] }, { values: { kind, required } })
    }
  }
})

export const submodelSemanticId = check({
  values: { prefixes: 'texts?' },
  found: {
    missing: { en: 'the submodel has no semanticId', ko: '서브모델에 semanticId가 없습니다' },
    foreign: {
      en: 'the semanticId "{value}" begins with none of {prefixes}',
      ko: 'semanticId "{value}"이(가) 허용된 시작({prefixes})으로 시작하지 않습니다'
    },
    keyType: {
      en: 'the first key of the semanticId has the type {type}; that of an ExternalReference is GlobalReference',
      ko: 'semanticId 첫 번째 키의 유형이 {type}입니다. ExternalReference는 GlobalReference이어야 합니다'
    }
  },
  run({ file }, { prefixes }, report) {
    for (const document of file.submodels) {
      const { semanticId } = document.document
      const key = semanticId?.keys?.[0]
      const at = (...path: DocumentPath) => ({ document, path: ['semanticId', ...path] })
      if (key?.value === undefined) {
        report('missing', { document, path: [] })
        continue
      }
      const { value, type = '–' } = key
      if (prefixes !== undefined && !prefixes.some((prefix) => value.startsWith(prefix)))
        report('foreign', at('keys', 0, 'value'), { values: { value, prefixes: prefixes.join(', ') } })
      if (semanticId?.type === 'ExternalReference' && type !== 'GlobalReference')
        report('keyType', at('keys', 0, 'type'), { values: { type } })
    }
  }
})

interface PlacedElement {
  readonly document: InspectedDocument<object>
  readonly element: SubmodelElement
  readonly path: DocumentPath
  readonly isListItem: boolean
  /** idShort of the submodel. */
  readonly submodel: string | undefined
}

function* elementsOf(file: InspectedFile): Generator<PlacedElement> {
  for (const document of file.submodels) {
    for (const one of document.elements) yield { ...one, document, submodel: document.document.idShort }
  }
}

export const forbiddenKinds = check({
  values: { kinds: 'texts' },
  found: { kind: { en: 'an element of the kind {kind}', ko: '{kind} 요소가 있습니다' } },
  run({ file }, { kinds }, report) {
    for (const { document, element, path } of elementsOf(file)) {
      if (kinds.includes(element.modelType)) report('kind', { document, path }, { values: { kind: element.modelType } })
    }
  }
})

export const conceptMapping = check({
  values: { kinds: 'texts' },
  found: {
    missing: { en: '{element} has no semanticId', ko: '{element}에 semanticId가 없습니다' },
    noConcept: {
      en: 'the file has no ConceptDescription "{value}"',
      ko: '파일에 ConceptDescription "{value}"이(가) 없습니다'
    }
  },
  run({ file }, { kinds }, report) {
    for (const { document, element, path, isListItem } of elementsOf(file)) {
      if (!kinds.some((kind) => kind === element.modelType)) continue
      const { idShort, semanticId } = element
      const value = semanticId?.keys?.[0]?.value
      if (isListItem && idShort === undefined && semanticId === undefined) continue
      if (value === undefined)
        report('missing', { document, path }, { values: { element: idShort ?? element.modelType } })
      else if (!file.conceptOf.has(value))
        report('noConcept', { document, path: [...path, 'semanticId'] }, { values: { value } })
    }
  }
})

export const valuePresent = check({
  values: { exemptSubmodels: 'texts?' },
  found: { missing: { en: 'the Property has no value', ko: 'Property에 값이 없습니다' } },
  run({ file }, { exemptSubmodels = [] }, report) {
    for (const { document, element, path, submodel } of elementsOf(file)) {
      if (element.modelType !== 'Property' || exemptSubmodels.includes(submodel ?? '')) continue
      if ((element.value ?? '').trim() === '') report('missing', { document, path: [...path, 'value'] })
    }
  }
})

/** The content of the data specification IEC 61360; the first one counts. */
export function iec61360Of({ embeddedDataSpecifications = [] }: ConceptDescription) {
  return embeddedDataSpecifications
    .map(({ dataSpecificationContent }) => dataSpecificationContent)
    .find((content) => content?.modelType === 'DataSpecificationIec61360')
}

export const valueType = check({
  values: { dataTypes: 'map' },
  found: {
    other: {
      en: 'the valueType {valueType} does not fit the dataType {dataType} of the concept; expected {expected}',
      ko: 'valueType {valueType}이(가) 개념의 dataType {dataType}과 맞지 않습니다. 허용: {expected}'
    }
  },
  run({ file }, { dataTypes }, report) {
    for (const { document, element, path } of elementsOf(file)) {
      if (element.modelType !== 'Property') continue
      const concept = file.conceptOf.get(element.semanticId?.keys?.[0]?.value ?? '')
      const { valueType = '' } = element
      const expected = Object.hasOwn(dataTypes, valueType) ? dataTypes[valueType] : undefined
      if (concept === undefined || expected === undefined) continue
      const { dataType } = iec61360Of(concept) ?? {}
      if (dataType !== undefined && expected.includes(dataType)) continue
      const values = { valueType, dataType: dataType ?? '–', expected: expected.join(', ') }
      report('other', { document, path: [...path, 'valueType'] }, { values })
    }
  }
})

export const fileUri = check({
  values: {},
  found: { relative: { en: 'the value "{value}" is no URI', ko: '값 "{value}"이(가) URI가 아닙니다' } },
  run({ file }, _values, report) {
    for (const { document, element, path } of elementsOf(file)) {
      if (element.modelType !== 'File' || !element.value || /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(element.value)) continue
      report('relative', { document, path: [...path, 'value'] }, { values: { value: element.value } })
    }
  }
})

export const listItemIdShort = check({
  values: {},
  found: {
    present: {
      en: 'an item of a SubmodelElementList has the idShort "{idShort}"',
      ko: 'SubmodelElementList 항목에 idShort "{idShort}"이(가) 있습니다'
    }
  },
  run({ file }, _values, report) {
    for (const { document, element, path, isListItem } of elementsOf(file)) {
      if (!isListItem || element.idShort === undefined) continue
      report('present', { document, path: [...path, 'idShort'] }, { values: { idShort: element.idShort } })
    }
  }
})

/** Do these elements have an idea of what they mean? For templates, whose elements are found by it. */
export const elementSemanticId = check({
  values: { kinds: 'texts?' },
  found: { missing: { en: '{element} has no semanticId', ko: '{element}에 semanticId가 없습니다' } },
  run({ file }, { kinds = ['SubmodelElement'] }, report) {
    for (const { document, element, path, isListItem } of elementsOf(file)) {
      if (isListItem || element.semanticId !== undefined || !kinds.some((kind) => isA(element.modelType, kind)))
        continue
      report('missing', { document, path }, { values: { element: element.idShort ?? element.modelType } })
    }
  }
})
