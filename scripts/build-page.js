/**
 * Builds the page (src/page) into dist/page, from where the hub serves it; `npm ci` does so. With `--watch` it builds again
 * after every change. Plain JavaScript, as an installation without development dependencies may run it with an older Node.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const source = fileURLToPath(new URL('../src/page/', import.meta.url))
const target = fileURLToPath(new URL('../dist/page/', import.meta.url)).replace(/\/$/, '')

const { build } = await import('vite').catch(() => {
  console.log(
    'The page is not built, as development dependencies are not installed; the hub serves a list of links instead.'
  )
  process.exit(0)
})

/** Every file also compressed, as small as it gets: compressed once, sent many times. */
async function compress(folder) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:js|css|html|svg|json)$/.test(entry.name)) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = await readFile(file)
    const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
    writeFileSync(`${file}.br`, await promisify(brotliCompress)(bytes, { params: quality }))
    writeFileSync(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }))
  }
}

// Built aside and moved, so that a hub that runs never serves half of a page.
const aside = `${target}.${process.pid}`
const publish = {
  name: 'publish',
  async closeBundle() {
    // Where the build failed it says why by itself.
    if (!existsSync(aside)) return
    await compress(aside)
    if (existsSync(target)) renameSync(target, `${aside}.old`)
    renameSync(aside, target)
    rmSync(`${aside}.old`, { recursive: true, force: true })
  }
}

await build({
  root: source,
  configFile: false,
  logLevel: 'warn',
  // Relative, for a hub below a path of a reverse proxy.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: aside,
    emptyOutDir: true,
    assetsDir: 'page',
    assetsInlineLimit: 0,
    // Browsers of the last three years.
    target: 'baseline-widely-available',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licences.md' },
    ...(process.argv.includes('--watch') && { watch: {} })
  },
  plugins: [publish]
})
