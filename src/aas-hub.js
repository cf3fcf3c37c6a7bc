#!/usr/bin/env node
// Plain JavaScript of a kind that an old Node can read too, so that it can say what is wrong.
const [major] = process.versions.node.split('.')
if (Number(major) < 24) {
  console.error(`This is Node ${process.versions.node}; the hub needs Node 24 or later. "npm start" brings its own.`)
  process.exit(1)
}
await import('./cli.ts')
