import type { FileReport } from '../../../client/api/upload.ts'

const SEVERITY_OF = { failed: 'errors', warning: 'warnings' } as const

/**
 * Errors and warnings of a file, also those that the report does not list: of a rule that has more than are listed, the rest
 * count as its result.
 */
export function countFindings({ rules, findings }: FileReport): { readonly errors: number; readonly warnings: number } {
  const counts = { errors: 0, warnings: 0 }
  const listed = new Map<string, number>()
  for (const { rule, severity } of findings) {
    listed.set(rule, (listed.get(rule) ?? 0) + 1)
    if (severity === 'error') counts.errors++
    else if (severity === 'warning') counts.warnings++
  }
  for (const { rule, result, findings } of rules) {
    if (result === 'failed' || result === 'warning')
      counts[SEVERITY_OF[result]] += Math.max(0, findings - (listed.get(rule) ?? 0))
  }
  return counts
}
