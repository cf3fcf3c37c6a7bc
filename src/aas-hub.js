#!/usr/bin/env node
// Plain JavaScript that old versions of Node can run too, for the message below.
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major] = process.versions.node.split('.')
if (Number(major) < 26) {
  console.error(`This is Node ${process.versions.node}; the hub needs Node 26 or later. "npm start" brings its own.`)
  process.exit(1)
}
// Caches compiled code: the next start is faster and takes less memory, also in threads. Not in Node's default folder,
// which all users share: the cached code is executed.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/aas-hub', import.meta.url))
module.enableCompileCache()
const { restartSized } = await import('./memory/restart.ts')
restartSized(process.argv.slice(2))
await import('./cli.ts')
