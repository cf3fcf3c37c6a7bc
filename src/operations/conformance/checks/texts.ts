/** Texts of rules, in the languages of those who read them. */
import type { ReportLanguage } from '../../report-language.ts'

/** A text in each language, with `{name}` where a value is put. */
export type Texts = Readonly<Record<ReportLanguage, string>>

export type TextValues = Readonly<Record<string, string | number>>

/** The text with its values; an unknown name stays as it is. */
export function fill(texts: Texts, language: ReportLanguage, values: TextValues = {}): string {
  return texts[language].replace(/\{(\w+)\}/g, (name, key: string) => shorten(String(values[key] ?? name)))
}

const MAX_VALUE_LENGTH = 300

/** A text of a document, as a report shows it. */
export function shorten(text: string): string {
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`.toWellFormed()
}
