/**
 * Secrets for machines, from files that the operator put there: descriptions are read by many and only name them. Each
 * file lies in the folder of its host, so that a description that names the secret of another host does not get it.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CollectorError } from './connector.ts'

const MAX_BYTES = 64 * 1024

/** @param folder '' where there is none */
export function secretsIn(folder: string) {
  return async (name: string, { host, port }: { readonly host: string; readonly port: number }): Promise<string> => {
    const folders = [`${host}_${port}`, host].filter(isPlainName)
    if (folder === '' || !isPlainName(name)) throw missing(name, host)
    for (const one of folders) {
      const path = join(folder, one, name)
      try {
        if ((await stat(path)).size > MAX_BYTES) throw new CollectorError(`the secret ${name} is too long`)
        return (await readFile(path, 'utf8')).trim()
      } catch (error) {
        if (error instanceof CollectorError) throw error
      }
    }
    throw missing(name, host)
  }
}

/** Leads to no other folder. */
function isPlainName(name: string): boolean {
  return /^[\w:.@-]{1,200}$/.test(name) && !/^\.+$/.test(name)
}

function missing(name: string, host: string): CollectorError {
  return new CollectorError(`there is no secret ${name.slice(0, 100)} for ${host}`, { isPermanent: true })
}
