/**
 * Writes the software bill of materials of the run-time dependencies and of what is built into the page, as CycloneDX and as SPDX, for the npm package: `npm run sbom`.
 * With `--omit=dev` npm leaves out what development dependencies use as well, so it is given a project without them.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isBundled } from './bundled.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly devDependencies?: unknown }>>
}

const root = new URL('..', import.meta.url)
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, root), 'utf8'))

const { npm_execpath: npm = '' } = process.env
if (npm === '') throw new Error('Run it with npm run sbom')
const manifest = read('package.json') as Manifest
const lock = read('package-lock.json') as Lock
const packages = Object.entries(lock.packages).filter(([path, { dev }]) => dev !== true || isBundled(path))
const directory = mkdtempSync(join(tmpdir(), 'sbom-'))
try {
  const write = (name: string, value: unknown) => writeFileSync(join(directory, name), JSON.stringify(value))
  const bundled = Object.entries(manifest.devDependencies).filter(([name]) => isBundled(name))
  const dependencies = { ...manifest.dependencies, ...Object.fromEntries(bundled) }
  write('package.json', { ...manifest, dependencies, devDependencies: undefined })
  write('package-lock.json', {
    ...lock,
    packages: Object.fromEntries(
      packages.map(([path, one]) => {
        const own = path === '' && { dependencies }
        return [path, { ...one, ...own, dev: undefined, devDependencies: undefined }]
      })
    )
  })
  const bom = billAs<{ metadata: { component: Record<string, unknown> } }>('cyclonedx', directory)
  // npm names it after the folder.
  bom.metadata.component = { ...bom.metadata.component, name: manifest.name, type: 'application' }
  save('sbom.cdx.json', bom)
  const spdx = billAs<{ name: string; packages: Record<string, unknown>[] }>('spdx', directory)
  const [own, ...others] = spdx.packages
  const name = `${manifest.name}@${manifest.version}`
  save('sbom.spdx.json', { ...spdx, name, packages: [{ ...own, name: manifest.name }, ...others] })
} finally {
  rmSync(directory, { recursive: true })
}

function billAs<Bill>(format: 'cyclonedx' | 'spdx', cwd: string): Bill {
  const options = [npm, 'sbom', `--sbom-format=${format}`, '--package-lock-only']
  return JSON.parse(execFileSync(process.execPath, options, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })) as Bill
}

function save(name: string, bill: object): void {
  writeFileSync(new URL(name, root), `${JSON.stringify(bill, null, 2)}\n`)
}
