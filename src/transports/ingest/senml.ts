/** SenML packs (RFC 8428) as samples. */
import { HubError } from '../../errors.ts'
import { parseSenml, SenmlError } from '../../formats/senml.ts'
import { parseSenmlName } from '../../model/submodel-selector.ts'
import type { SampleBatch } from '../../operations/samples/batch.ts'
import type { SubmodelFinder } from './point-target.ts'

/**
 * Adds the records of a pack to a batch.
 * @param submodel id of the submodel in which the names are paths; absent: the names contain it
 * @param batch an empty one; relative times count from its time of arrival, which is also that of records without a time
 * @throws HubError `BadRequest` where nothing of the pack may be used
 */
export async function packBatch(
  batch: SampleBatch,
  pack: unknown,
  submodel: string | undefined,
  findSubmodel: SubmodelFinder
): Promise<SampleBatch> {
  try {
    for (const record of parseSenml(pack, batch.arrival)) {
      if ('fault' in record) {
        batch.refuse(record.fault)
        continue
      }
      const { name, value, time } = record
      const named = submodel === undefined ? parseSenmlName(name) : { target: { id: submodel }, path: name }
      if (named === undefined) {
        batch.refuse(`a name such as "submodel/path" was expected; found "${name.slice(0, 60)}"`)
        continue
      }
      const { target, path } = named
      const found = 'id' in target ? target : await findSubmodel(target.idShort)
      if ('unknown' in found) batch.refuse(found.unknown)
      else batch.add(found.id, path, time, value)
    }
  } catch (error) {
    if (!(error instanceof SenmlError)) throw error
    throw new HubError('BadRequest', [`SenML: ${error.message}`])
  }
  return batch
}
