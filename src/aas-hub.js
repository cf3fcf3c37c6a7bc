#!/usr/bin/env node
// Plain JavaScript of a kind that an old Node can read too, so that it can say what is wrong.
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major] = process.versions.node.split('.')
if (Number(major) < 26) {
  console.error(`This is Node ${process.versions.node}; the hub needs Node 26 or later. "npm start" brings its own.`)
  process.exit(1)
}
// What was made of the sources once is there at the next start, which is sooner then and takes less memory; for threads,
// too. Not in the folder for all that Node would choose: what lies there is run.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/aas-hub', import.meta.url))
module.enableCompileCache()
await import('./cli.ts')
