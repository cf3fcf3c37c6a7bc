/** Media types of environments, by the form that they stand for; the first of a form is the one that it is stored as. */
import type { EnvironmentFormat } from './environment-source.ts'

export const ENVIRONMENT_TYPES = {
  'application/json': 'json',
  'application/xml': 'xml',
  'text/xml': 'xml',
  // Part 2 spells it differently for packages and serialization, and in its prose; release 3.2 will again.
  'application/asset-administration-shell-package': 'aasx',
  'application/asset-administration-shell-package+xml': 'aasx',
  'application/aasx+xml': 'aasx',
  'application/aas+zip': 'aasx'
} as const satisfies Record<string, EnvironmentFormat>

export type EnvironmentType = keyof typeof ENVIRONMENT_TYPES

/** Is this one of the media types above? */
export function isEnvironmentType(type: string): type is EnvironmentType {
  return Object.hasOwn(ENVIRONMENT_TYPES, type)
}
