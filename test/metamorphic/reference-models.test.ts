/**
 * From machines to their reference model and back: whatever a machine is made of, the instance of its model has that
 * model again, byte by byte; and the model of a model is the same.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Submodel } from '../../src/model/types.ts'
import { profileNamed } from '../../src/operations/conformance/load-profile.ts'
import { withInspectedFile } from '../../src/operations/conformance/open-file.ts'
import { instantiate } from '../../src/operations/conformance/reference-model/instance.ts'
import {
  DEFAULT_ID_BASE,
  makeReferenceModel
} from '../../src/operations/conformance/reference-model/reference-model.ts'
import { submodel } from '../arbitrary.ts'
import { testDirectory } from '../test-directory.ts'

const ROUNDS = Number(process.env.MODEL_ROUNDS ?? 20)
const IDS = 'https://plant.example/ids'

const machine = fc.record({
  idShort: fc.stringMatching(/^[A-Z][a-zA-Z0-9_]{1,12}$/),
  version: fc.option(fc.tuple(fc.nat(99), fc.nat(99))),
  submodels: fc.tuple(submodel, submodel, submodel),
  serial: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '')),
  base: fc.constantFrom(undefined, 'https://factory.example/models', 'urn:factory')
})

const request = { profile: profileNamed('kosmo'), language: 'en' as const, dictionary: async () => undefined }

t.test('the model of an instance of a model is the same model', async (t) => {
  const folder = testDirectory(t)
  const [from, model, instance, again] = ['machine.json', 'model.aasx', 'instance.aasx', 'again.aasx'].map((name) =>
    join(folder, name)
  ) as [string, string, string, string]
  await fc.assert(
    fc.asyncProperty(machine, async ({ serial, base, ...made }) => {
      writeFileSync(from, JSON.stringify(environment(made)))
      const inBase = { ...request, idBase: base ?? DEFAULT_ID_BASE }
      await makeReferenceModel(from, model, inBase)
      await instantiate(model, instance, { idBase: IDS, ...(serial !== null && { serial }) })
      const second = await makeReferenceModel(instance, again, inBase)
      if (!readFileSync(again).equals(readFileSync(model))) throw new Error(JSON.stringify(second.changes, null, 1))
      const third = await makeReferenceModel(model, again, inBase)
      if (!readFileSync(again).equals(readFileSync(model))) throw new Error(JSON.stringify(third.changes, null, 1))
    }),
    { numRuns: ROUNDS, endOnFailure: true }
  )
  t.pass(`${ROUNDS} machines`)
})

const packages = new URL('../../../shared/testdata/kosmo/', import.meta.url).pathname
const missing = !existsSync(packages) && 'the shared test data are not at hand'

t.test('a model made elsewhere comes back from its instance, document by document', { skip: missing }, async (t) => {
  const folder = testDirectory(t)
  const [instance, model] = [join(folder, 'instance.aasx'), join(folder, 'model.aasx')]
  for (const name of ['ok-2025-and-2026.aasx', 'ok-2025-and-2026-json.aasx']) {
    const from = join(packages, name)
    const { points } = await instantiate(from, instance, { idBase: IDS, serial: '1' })
    t.ok(points.length > 0)
    const { report } = await makeReferenceModel(instance, model, { ...request, idBase: DEFAULT_ID_BASE })
    t.ok(report.valid, JSON.stringify(report.findings))
    t.same(await documentsOf(model), await documentsOf(from), name)
  }
})

async function documentsOf(path: string) {
  const sorted = await withInspectedFile(path, {}, async ({ documents }) => documents.map(({ document }) => document))
  return sorted.sort((one, other) => (one.id < other.id ? -1 : 1))
}

function environment({
  idShort,
  version,
  submodels
}: {
  idShort: string
  version: readonly [number, number] | null
  submodels: readonly Submodel[]
}) {
  const names = ['DigitalNameplate', 'TechnicalData', 'OperationalData']
  const administration =
    version === null ? {} : { administration: { version: `${version[0]}`, revision: `${version[1]}` } }
  return {
    assetAdministrationShells: [
      {
        ...{ modelType: 'AssetAdministrationShell', id: 'urn:plant:machine', idShort, ...administration },
        assetInformation: { assetKind: 'Instance', globalAssetId: 'urn:plant:asset' },
        submodels: submodels.map(({ id }) => ({ type: 'ModelReference', keys: [{ type: 'Submodel', value: id }] }))
      }
    ],
    submodels: submodels.map((one, index) => ({ ...one, idShort: names[index] }))
  }
}
