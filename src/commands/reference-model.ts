/** `aas-hub export --reference-model`: the reference model of stored machines, checked by the acceptance test. */
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HubError } from '../errors.ts'
import type { PackageFile } from '../formats/aasx-writer.ts'
import { mediaTypeOf } from '../formats/opc.ts'
import { profileNamed } from '../operations/conformance/load-profile.ts'
import { DEFAULT_ID_BASE, makeReferenceModel } from '../operations/conformance/reference-model/reference-model.ts'
import { changesText } from './changes-report.ts'
import { conceptDictionary } from './concept-dictionary.ts'
import { conformanceText, reportLanguage } from './conformance-report.ts'
import { exportInto } from './export.ts'
import { choiceOf, idBaseOf, type LocalHub } from './local-hub.ts'

/**
 * Runs the command.
 * @param ids of shells; all of instances if there is none
 * @returns whether the model conforms
 * @throws HubError with one sentence; then nothing is written
 */
export async function exportReferenceModel(
  flags: ReadonlyMap<string, string>,
  ids: readonly string[],
  local: LocalHub
): Promise<boolean> {
  const to = flags.get('output')
  if (to === undefined) throw new HubError('BadRequest', ['export needs --output with the file to write'])
  for (const [name, only] of [
    ['format', 'aasx'],
    ['version', '3.0']
  ] as const) {
    const found = flags.get(name) ?? only
    if (found !== only)
      throw new HubError('BadRequest', [`--${name} is "${found}"; a reference model is a package of release 3.0`])
  }
  const inside = choiceOf(flags, 'inside', ['xml', 'json'])
  const language = reportLanguage(flags)
  const idBase = idBaseOf(flags, DEFAULT_ID_BASE)
  const picture = flags.get('thumbnail')
  const thumbnail = picture === undefined ? {} : { thumbnail: await pictureOf(picture) }
  const folder = await mkdtemp(join(tmpdir(), 'aas-hub-model-'))
  const dictionary = await conceptDictionary(flags, local)
  try {
    const stored = join(folder, 'stored.aasx')
    await exportInto(
      { file: stored, format: 'aasx', inside: 'json', release: '3.1', ids, instances: true },
      flags,
      local
    )
    const request = {
      profile: profileNamed('kosmo'),
      language,
      dictionary: dictionary.find,
      idBase,
      inside,
      ...thumbnail
    }
    const { changes, report } = await makeReferenceModel(stored, to, request)
    process.stdout.write(
      flags.has('json')
        ? `${JSON.stringify({ changes, report }, null, 2)}\n`
        : changesText(changes, to, language, { isBrief: true }) + conformanceText(report)
    )
    return report.valid
  } finally {
    await dictionary.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** @throws HubError `BadRequest` if it is no picture by its name, Error of the file system */
async function pictureOf(path: string): Promise<PackageFile> {
  const contentType = mediaTypeOf(path)
  if (!contentType.startsWith('image/'))
    throw new HubError('BadRequest', [`--thumbnail is "${path}", expected a picture: .png, .jpg, .gif or .svg`])
  await stat(path)
  return { name: path, contentType, open: async () => createReadStream(path) }
}
