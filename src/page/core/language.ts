/** The reader's language: that of the browser until another one is chosen. Every text exists in each. */
import { effect, signal } from '@preact/signals'
import { readPreference, writePreference } from './preferences.ts'

export const LANGUAGES = { en: 'English', ko: '한국어' } as const
export type Language = keyof typeof LANGUAGES

export const language = signal<Language>(initialLanguage())

effect(() => {
  document.documentElement.lang = language.value
})

export function chooseLanguage(chosen: Language): void {
  language.value = chosen
  writePreference('language', chosen)
}

function initialLanguage(): Language {
  const candidates = [readPreference('language') ?? '', ...navigator.languages]
  for (const candidate of candidates) {
    const code = candidate.toLowerCase().split('-')[0] ?? ''
    if (isLanguage(code)) return code
  }
  return 'en'
}

function isLanguage(code: string): code is Language {
  return Object.hasOwn(LANGUAGES, code)
}
