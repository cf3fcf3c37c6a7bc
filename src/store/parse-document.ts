/** Parses a stored document, or what is visible of it. */
import { parseStoredPath } from '../model/path.ts'
import type { Submodel } from '../model/types.ts'
import { keepIndexes, resolve } from '../model/walk.ts'
import type { Document } from './store.ts'

/** Items of lists keep the indexes that they have in the stored document. The result may be modified. */
export function parseDocument({ bytes, hiddenItems }: Pick<Document, 'bytes' | 'hiddenItems'>): object {
  const document = JSON.parse(bytes.toString()) as object
  for (const { path, indexes } of hiddenItems ?? []) {
    const submodel = document as Submodel
    const container = path === '' ? submodel : resolve(submodel, parseStoredPath(path) ?? [])
    if (container !== undefined) keepIndexes(container, indexes)
  }
  return document
}
