/** What a reader has chosen, kept by the browser; where it keeps nothing, until the page is closed. */
const PREFIX = 'aas-hub.'

export function readPreference(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined
  } catch {
    return undefined
  }
}

export function writePreference(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value)
  } catch {
    // Storage is off or full.
  }
}
