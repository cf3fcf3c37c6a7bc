/**
 * Makes tap ready for its first run. `.taprc` leaves tap's TypeScript plugin out, as Node reads TypeScript itself, but
 * tap's installed copy has them built in, and the run that first sees `.taprc` still starts the tests with it.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const here = createRequire(import.meta.url)
const tap = createRequire(here.resolve('tap/package.json'))
const built = readFileSync(tap.resolve('@tapjs/test/built'), 'utf8')
if (/signature = `[^`]*@tapjs\/(typescript|mock)/.test(built)) {
  execFileSync(
    process.execPath,
    [here.resolve('tap/package.json').replace('package.json', 'dist/esm/run.mjs'), 'build'],
    {
      stdio: ['ignore', 'ignore', 'inherit']
    }
  )
}
