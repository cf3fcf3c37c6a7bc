/** The packages of the shared test data, which are no part of the repository. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const shared = fileURLToPath(new URL('../../../shared/', import.meta.url))

/** @returns their paths, and names for messages */
export function publishedPackages(): readonly { readonly path: string; readonly name: string }[] {
  const found = ['testdata', 'templates', 'faults'].flatMap((folder) =>
    existsSync(join(shared, folder))
      ? readdirSync(join(shared, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
      : []
  )
  const packages = found.filter((name) => name.endsWith('.aasx'))
  if (packages.length === 0) console.log('The shared packages are not at hand; none is tried')
  return packages.map((name) => ({ path: join(shared, name), name }))
}
