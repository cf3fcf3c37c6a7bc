/** Checks of concept descriptions. */
import { check } from './check.ts'
import { iec61360Of } from './submodels.ts'

export const definition = check({
  values: { language: 'text' },
  found: {
    missing: {
      en: 'there is neither a definition in the language "{language}" nor a description',
      ko: '"{language}" 정의(definition)도 설명(description)도 없습니다'
    }
  },
  run({ file }, { language }, report) {
    for (const document of file.concepts) {
      const { description = [] } = document.document
      const definitions = iec61360Of(document.document)?.definition ?? []
      const isDefined = definitions.some((one) => one.language === language && one.text?.trim())
      if (!isDefined && description.length === 0) report('missing', { document, path: [] }, { values: { language } })
    }
  }
})

/** As the validator of 2025 looks: at concepts with an idShort and a data specification, in any language. */
export const anyDefinition = check({
  values: {},
  found: {
    missing: {
      en: 'there is neither a definition nor a value nor a description',
      ko: '정의(definition)·값(value)·설명(description)이 모두 없습니다'
    }
  },
  run({ file }, _values, report) {
    for (const document of file.concepts) {
      const { idShort, embeddedDataSpecifications, description = [] } = document.document
      if (idShort === undefined || embeddedDataSpecifications === undefined || description.length > 0) continue
      for (const [index, { dataSpecificationContent: content }] of embeddedDataSpecifications.entries()) {
        if (content === undefined || content.value !== undefined || (content.definition ?? []).length > 0) continue
        report('missing', { document, path: ['embeddedDataSpecifications', index, 'dataSpecificationContent'] })
      }
    }
  }
})

export const dataType = check({
  values: { allowed: 'texts' },
  found: {
    noSpecification: { en: 'there is no content by IEC 61360', ko: 'IEC 61360 데이터 명세가 없습니다' },
    missing: { en: 'there is no dataType', ko: 'dataType이 없습니다' },
    other: { en: 'the dataType {dataType} is not allowed', ko: 'dataType {dataType}은(는) 허용되지 않습니다' }
  },
  run({ file }, { allowed }, report) {
    for (const document of file.concepts) {
      const content = iec61360Of(document.document)
      const index = document.document.embeddedDataSpecifications?.findIndex(
        (one) => one.dataSpecificationContent === content
      )
      const path = ['embeddedDataSpecifications', index ?? 0, 'dataSpecificationContent', 'dataType']
      if (content === undefined) report('noSpecification', { document, path: [] })
      else if (content.dataType === undefined) report('missing', { document, path: path.slice(0, 3) })
      else if (!allowed.includes(content.dataType))
        report('other', { document, path }, { values: { dataType: content.dataType } })
    }
  }
})

export const refusedCategory = check({
  values: { categories: 'texts' },
  found: {
    category: {
      en: 'the category "{category}" beside IEC 61360; the validator refuses it with any dataType',
      ko: 'IEC 61360 내용과 함께 category "{category}"이(가) 있습니다. 검증기는 dataType과 관계없이 거부합니다'
    }
  },
  run({ file }, { categories }, report) {
    for (const document of file.concepts) {
      const { category } = document.document
      if (category === undefined || !categories.includes(category) || !iec61360Of(document.document)) continue
      report('category', { document, path: ['category'] }, { values: { category } })
    }
  }
})
