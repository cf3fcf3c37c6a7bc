/** The cache for third-party programs that the tests need. */
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'aas-hub')

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
