/** What a page says of itself. Its code is loaded when it is opened. */
import type { ComponentType } from 'preact'
import type { RouteParams } from './core/router.ts'
import type { IconName } from './ui/icon.tsx'

export interface PageProps {
  readonly params: RouteParams
}

export interface PageReader {
  readonly roles: readonly string[]
  /** A hub without users: everyone may do everything. */
  readonly isOpen: boolean
  /** May any document be created or replaced by uploading a file? */
  readonly mayUpload: boolean
}

/** Those who look after the hub. */
export function isAdministratorOrAuditor({ roles, isOpen }: Pick<PageReader, 'roles' | 'isOpen'>): boolean {
  return isOpen || roles.some((role) => role === 'administrator' || role === 'auditor')
}

/** Those who look after the hub, or after the machines that it reads. */
export function looksAfterMachines(reader: PageReader): boolean {
  return isAdministratorOrAuditor(reader) || reader.roles.includes('engineer')
}

export interface PageDefinition {
  /** Its address behind `#/`. */
  readonly path: string
  /** In the reader's language. */
  readonly title: () => string
  /** Its place in the navigation, from the first; absent: not in it. */
  readonly order?: number
  /** Its icon in the navigation. */
  readonly icon?: IconName
  /** Is it shown to this reader? What is read there is decided by the hub. */
  readonly isFor?: (reader: PageReader) => boolean
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>
}

export function definePage(page: PageDefinition): PageDefinition {
  return page
}
