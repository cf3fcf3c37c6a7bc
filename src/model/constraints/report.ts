import type { DocumentPath } from '../document-path.ts'

/**
 * Receives a violation: its path relative to the checked object, the constraint's id, and a sentence with what was
 * found and what was expected.
 */
export type Report = (at: DocumentPath, rule: string, text: string) => void
