/** Texts in every language: a table per page, in which a missing translation is a type error. */
import { type Language, language } from './language.ts'

/** A text, or a function that puts values into one. */
type Message = string | ((...values: never[]) => string)
type MessageTable = Readonly<Record<string, Message>>

/** The same keys, with functions of the same values. */
type Translation<Table extends MessageTable> = {
  readonly [Name in keyof Table]: Table[Name] extends (...values: infer Values) => string
    ? (...values: Values) => string
    : string
}

/** @returns the texts in the reader's language; call it while rendering, so that a change of language renders again */
export function defineMessages<Table extends MessageTable>(
  en: Table,
  translations: { readonly [Other in Exclude<Language, 'en'>]: Translation<Table> }
): () => Translation<Table> {
  const all: Readonly<Record<Language, Translation<Table>>> = {
    ...translations,
    en: en as unknown as Translation<Table>
  }
  return () => all[language.value]
}
