/**
 * Where a measurement of SenML belongs: its name is `{submodel}/{idShortPath}`, parted at the last slash. A submodel that
 * is named by one word is meant by its idShort, any other by its id: `OperationalData/Axis.Load`, `urn:plant:press/Speed`.
 */
import { HubError } from '../../errors.ts'
import { readSenml, SenmlError } from '../../formats/senml.ts'
import type { Batch } from '../../operations/samples/batch.ts'
import type { Target } from '../mqtt/sample.ts'
import type { ByIdShort } from './target.ts'

/** @returns undefined where the name has no slash between two parts */
export function placeOf(name: string): { readonly target: Target; readonly path: string } | undefined {
  const [, submodel = '', path = ''] = /^(.+)\/([^/]+)$/s.exec(name) ?? []
  if (submodel === '') return undefined
  return { target: /^[a-zA-Z]\w*$/.test(submodel) ? { idShort: submodel } : { id: submodel }, path }
}

/**
 * Adds a pack to a batch, of which each record is an item.
 * @param submodel the id of what the names are paths in; absent: names say it
 * @param batch an empty one; relative times count from its time of arrival, which is also that of records without a time
 * @throws HubError `BadRequest` where nothing of the pack may be used
 */
export async function packBatch(
  batch: Batch,
  pack: unknown,
  submodel: string | undefined,
  byIdShort: ByIdShort
): Promise<Batch> {
  try {
    for (const record of readSenml(pack, batch.arrival)) {
      if ('fault' in record) {
        batch.refuse(record.fault)
        continue
      }
      const { name, value, time } = record
      const place = submodel === undefined ? placeOf(name) : { target: { id: submodel }, path: name }
      if (place === undefined) {
        batch.refuse(`a name such as "submodel/path" was expected; found "${name.slice(0, 60)}"`)
        continue
      }
      const { target, path } = place
      const found = 'id' in target ? target : await byIdShort(target.idShort)
      if ('unknown' in found) batch.refuse(found.unknown)
      else batch.add(found.id, path, time, value)
    }
  } catch (error) {
    if (!(error instanceof SenmlError)) throw error
    throw new HubError('BadRequest', [`SenML: ${error.message}`])
  }
  return batch
}
