/** Packages that are built into the page, and so are distributed, though they are installed for development only. */
const BUNDLED: ReadonlySet<string> = new Set([
  '@cfworker/json-schema',
  '@preact/signals',
  '@preact/signals-core',
  '@tanstack/virtual-core',
  'preact',
  'uplot'
])

/** @param path in package-lock.json */
export function isBundled(path: string): boolean {
  return BUNDLED.has(path.replace(/^node_modules\//, ''))
}
