/** Texts of rules, in the languages of those who read them. */

export const languages = ['en', 'ko'] as const
export type ReportLanguage = (typeof languages)[number]

/** A text in each language, with `{name}` where a value is put. */
export type Texts = Readonly<Record<ReportLanguage, string>>

export type TextValues = Readonly<Record<string, string | number>>

export function isLanguage(text: string): text is ReportLanguage {
  return (languages as readonly string[]).includes(text)
}

/** The text with its values; an unknown name stays as it is. */
export function fill(texts: Texts, language: ReportLanguage, values: TextValues = {}): string {
  return texts[language].replace(/\{(\w+)\}/g, (name, key: string) => shorten(String(values[key] ?? name)))
}

const MAX_VALUE_LENGTH = 300

/** A text of a document, as a report shows it. */
export function shorten(text: string): string {
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`.toWellFormed()
}

/** The first language of `Accept-Language` that is there; English where none is. */
export function preferredLanguage(header: string | undefined): ReportLanguage {
  const ranges = (header ?? '').split(',').map((range) => {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    return { language: tag.split('-')[0] ?? '', weight }
  })
  const known = ranges.filter(({ language, weight }) => isLanguage(language) && weight > 0)
  const best = known.sort((one, other) => other.weight - one.weight)[0]?.language ?? 'en'
  return isLanguage(best) ? best : 'en'
}
