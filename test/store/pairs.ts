/** Shows that a copy taken during writes is one consistent state: submodels are written in pairs, both or none. */

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Store } from '../../src/store/store.ts'
import { create, submodel } from './fixtures.ts'

/** Calls `copy` while pairs are being written. @returns how many were */
export async function copyDuringWrites(store: Store, copy: () => Promise<void>): Promise<number> {
  let pairs = 0
  let isWriting = true
  const writing = (async () => {
    for (; isWriting; pairs++) {
      await store.commit([create(submodel(`left${pairs}`)), create(submodel(`right${pairs}`))])
      await attach(store, `left${pairs}`, `bytes ${pairs}`)
    }
  })()
  try {
    while (pairs < 10) await Promise.race([setImmediate(), writing])
    await copy()
  } finally {
    isWriting = false
    await writing
  }
  return pairs
}

/** Checks a copy that was taken during writes, whose files must be readable, and that it can be written to. */
export async function checkCopy(t: Test, copy: Store, pairs: number): Promise<void> {
  const held = new Set((await copy.documents('Submodel', [], { limit: 10_000 })).items.map(({ id }) => id))
  t.ok(held.has('left9'), 'what was there before is in the copy')
  for (let n = 0; n < pairs; n++) t.equal(held.has(`left${n}`), held.has(`right${n}`), `pair ${n}`)
  for (const id of held) {
    for (const file of await copy.files('Submodel', id)) await buffer(copy.open(file))
  }
  t.equal((await copy.commit([create(submodel('writable'))])).seq, (await copy.figures()).logLast)
}

async function attach(store: Store, id: string, text: string): Promise<void> {
  const { blob, size } = await store.receive(Readable.from([Buffer.from(text)]), 1000)
  const files = [{ name: 'f', contentType: 'text/plain', fileName: 'f.txt', size, blob }]
  await store.commit([{ change: 'attach', kind: 'Submodel', id, files }])
}
