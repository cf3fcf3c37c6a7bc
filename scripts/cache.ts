/** Where programs of others that the tests need are kept, so that they are brought once. */
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
