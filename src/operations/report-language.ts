/** The languages in which the hub reports to people. */

export const languages = ['en', 'ko'] as const
export type ReportLanguage = (typeof languages)[number]

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

function isLanguage(text: string): text is ReportLanguage {
  return (languages as readonly string[]).includes(text)
}
