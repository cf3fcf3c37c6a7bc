/**
 * Secrets for machines, from files that the operator put there: descriptions are read by many and only name them. Each
 * file lies in the folder of its host, so that a description that names the secret of another host does not get it.
 */
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CollectorError, type SessionContext } from './connector.ts'

const MAX_BYTES = 64 * 1024

/** Certificates of the authorities that the certificate of a host may come from, in the folder with its secrets. */
const AUTHORITIES = 'ca.pem'

class MissingSecret extends CollectorError {
  constructor(name: string, host: string) {
    super(`there is no secret ${name.slice(0, 100)} for ${host}`, { isPermanent: true })
  }
}

/** @param folder '' where there is none */
export function secretsIn(folder: string) {
  return async (name: string, { host, port }: { readonly host: string; readonly port: number }): Promise<string> => {
    const folders = [`${host}_${port}`, host].filter(isPlainName)
    if (folder === '' || !isPlainName(name)) throw new MissingSecret(name, host)
    for (const one of folders) {
      const path = join(folder, one, name)
      try {
        if ((await stat(path)).size > MAX_BYTES) throw new CollectorError(`the secret ${name} is too long`)
        return (await readFile(path, 'utf8')).trim()
      } catch (error) {
        if (error instanceof CollectorError) throw error
      }
    }
    throw new MissingSecret(name, host)
  }
}

/**
 * The authorities of a host whose certificate is not from a public one, as PEM; undefined where the operator has named none.
 * @throws CollectorError where there is no certificate in the file
 */
export async function authoritiesOf(
  secret: SessionContext['secret'],
  target: { readonly host: string; readonly port: number }
): Promise<string | undefined> {
  try {
    const pem = await secret(AUTHORITIES, target)
    // Else nothing would be wrong but that no certificate is trusted.
    new X509Certificate(pem)
    return pem
  } catch (error) {
    if (error instanceof MissingSecret) return undefined
    if (error instanceof CollectorError) throw error
    throw new CollectorError(`${AUTHORITIES} of ${target.host} is no certificate`, { isPermanent: true })
  }
}

/** Leads to no other folder. */
function isPlainName(name: string): boolean {
  return /^[\w:.@-]{1,200}$/.test(name) && !/^\.+$/.test(name)
}
