/** The built page, for tests of what the hub serves. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Builds the page where a source is newer, as `npm run page` does. */
export function buildPage(): void {
  const built = join(root, 'dist/page/index.html')
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0
  if (['src/page', 'src/client'].some((folder) => newestIn(join(root, folder)) > builtAt)) {
    execFileSync(process.execPath, [join(root, 'scripts/build-page.js')], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
}

function newestIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs))
}
