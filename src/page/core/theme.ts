/** Dark or light: as the system says, until another one is chosen. */
import { effect, signal } from '@preact/signals'
import { readPreference, writePreference } from './preferences.ts'

export type Theme = 'light' | 'dark'

const system = matchMedia('(prefers-color-scheme: dark)')
const ofSystem = signal<Theme>(system.matches ? 'dark' : 'light')
system.addEventListener('change', () => {
  ofSystem.value = system.matches ? 'dark' : 'light'
})

const chosen = signal(readPreference('theme') as Theme | undefined)

export function currentTheme(): Theme {
  return chosen.value ?? ofSystem.value
}

export function toggleTheme(): void {
  chosen.value = currentTheme() === 'dark' ? 'light' : 'dark'
  writePreference('theme', chosen.value)
}

effect(() => {
  document.documentElement.dataset.theme = currentTheme()
})
