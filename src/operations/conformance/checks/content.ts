/** Checks of texts and lists anywhere in a document, and of links to files. */
import { check } from './check.ts'
import { visitLists } from './paths.ts'

/** Members with a text for each language. */
const LANGUAGE_MEMBERS: ReadonlySet<unknown> = new Set([
  ...['displayName', 'description', 'value'],
  ...['preferredName', 'shortName', 'definition']
])

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
      visitLists(document.document, (texts, path) => {
        const member = path.at(-1)
        if (texts.length < 2 || !LANGUAGE_MEMBERS.has(member)) return
        const seen = new Set<unknown>()
        for (const [index, text] of texts.entries()) {
          const { language } = text as { language?: unknown }
          if (typeof language === 'string' && seen.has(language)) {
            const place = { document, path: [...path, index] }
            report('repeated', place, { values: { member: String(member), language } })
          }
          seen.add(language)
        }
      })
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
      visitLists(document.document, (list, path) => {
        if (list.length > 0) return
        report('empty', { document, path: [...path] }, { values: { member: String(path.at(-1) ?? '') } })
      })
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
