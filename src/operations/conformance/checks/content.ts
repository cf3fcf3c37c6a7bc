/** Checks of texts and lists anywhere in a document, and of links to files. */
import { isA } from '../../../model/fields.ts'
import { walkObjects } from '../../../model/object-walk.ts'
import { check } from './check.ts'
import { pathOf } from './paths.ts'

/** Members with a text for each language, by class. */
const LANGUAGE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Referable: ['displayName', 'description'],
  MultiLanguageProperty: ['value'],
  DataSpecificationIec61360: ['preferredName', 'shortName', 'definition']
}

export const languageOnce = check({
  values: {},
  found: {
    repeated: {
      en: '{member} has more than one text in the language "{language}"',
      ko: '{member}에 언어 "{language}"의 텍스트가 둘 이상입니다'
    }
  },
  async run({ file, pause }, _values, report) {
    for (const document of file.documents.filter(({ isReadable }) => isReadable)) {
      for (const { className, object, pointer } of walkObjects(document.document, document.className)) {
        for (const [of, members] of Object.entries(LANGUAGE_MEMBERS)) {
          if (!isA(className, of)) continue
          for (const member of members) {
            const texts = (object[member] ?? []) as readonly { language?: string }[]
            const seen = new Set<string | undefined>()
            for (const [index, { language }] of texts.entries()) {
              if (language !== undefined && seen.has(language)) {
                const place = { document, path: [...pathOf(pointer), member, index] }
                report('repeated', place, { values: { member, language } })
              }
              seen.add(language)
            }
          }
        }
      }
      await pause()
    }
  }
})

export const emptyList = check({
  values: {},
  found: { empty: { en: 'the list {member} is empty', ko: '목록 {member}이(가) 비어 있습니다' } },
  async run({ file, pause }, _values, report) {
    for (const { pointer } of file.notes.filter(({ rule }) => rule === 'minItems'))
      report('empty', 'file', { values: { member: pointer } })
    for (const document of file.documents) {
      const visit = (value: unknown, path: readonly (string | number)[]): void => {
        if (typeof value !== 'object' || value === null) return
        if (Array.isArray(value) && value.length === 0) {
          report('empty', { document, path }, { values: { member: String(path.at(-1) ?? '') } })
        }
        for (const [name, member] of Object.entries(value))
          visit(member, [...path, Array.isArray(value) ? Number(name) : name])
      }
      visit(document.document, [])
      await pause()
    }
  }
})

export const links = check({
  values: {},
  found: { link: { en: '{text}', ko: '파일 연결: {text}' } },
  run({ file }, _values, report) {
    for (const { pointer, text } of file.links) report('link', 'file', { values: { text: `${pointer}: ${text}` } })
  }
})
