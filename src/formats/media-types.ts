/** Media types of environments and their formats; the first of each format is used for storing. */
import type { EnvironmentFormat } from './environment-source.ts'

export const ENVIRONMENT_TYPES = {
  'application/json': 'json',
  'application/xml': 'xml',
  'text/xml': 'xml',
  // Part 2 uses different spellings for packages, serialization and in its prose; release 3.2 will add another.
  'application/asset-administration-shell-package': 'aasx',
  'application/asset-administration-shell-package+xml': 'aasx',
  'application/asset-administration-shell-package+json': 'aasx',
  'application/aasx+xml': 'aasx',
  'application/aas+zip': 'aasx'
} as const satisfies Record<string, EnvironmentFormat>

export type EnvironmentType = keyof typeof ENVIRONMENT_TYPES

/** Is this one of the media types above? */
export function isEnvironmentType(type: string): type is EnvironmentType {
  return Object.hasOwn(ENVIRONMENT_TYPES, type)
}
