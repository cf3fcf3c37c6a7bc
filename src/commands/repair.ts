/** `aas-hub repair --profile`: writes a repaired file, and every change, old and new. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { HubError } from '../errors.ts'
import { profileNamed } from '../operations/conformance/load-profile.ts'
import { repairFile } from '../operations/conformance/repair/repair-file.ts'
import { changesText } from './changes-report.ts'
import { conceptDictionary } from './concept-dictionary.ts'
import { conformanceText, reportLanguage } from './conformance-report.ts'
import { choiceOf, type LocalHub } from './local-hub.ts'

/**
 * Runs the command.
 * @returns whether the written file conforms
 * @throws HubError with one sentence; then nothing is written
 */
export async function repairByProfile(
  flags: ReadonlyMap<string, string>,
  files: readonly string[],
  local: LocalHub
): Promise<boolean> {
  const [from, ...others] = files
  const [profile, to] = [flags.get('profile'), flags.get('output')]
  if (from === undefined || others.length > 0) throw new HubError('BadRequest', ['repair needs one file'])
  if (profile === undefined) throw new HubError('BadRequest', ['repair needs --profile, e.g. kosmo'])
  if (to === undefined) throw new HubError('BadRequest', ['repair needs --output with the file to write'])
  const format = choiceOf(flags, 'format', ['text', 'json'])
  const inside = flags.has('inside') ? { inside: choiceOf(flags, 'inside', ['xml', 'json']) } : {}
  const language = reportLanguage(flags)
  await stat(from)
  if (resolve(from) === resolve(to))
    throw new HubError('BadRequest', [`The repaired file is another than ${from}, which stays as it is`])
  const dictionary = await conceptDictionary(flags, local)
  try {
    const request = { profile: profileNamed(profile), language, dictionary: dictionary.find, ...inside }
    const { changes, report } = await repairFile(from, to, request)
    const text =
      format === 'json'
        ? `${JSON.stringify({ changes, report }, null, 2)}\n`
        : changesText(changes, to, language) + conformanceText(report)
    process.stdout.write(text)
    return report.valid
  } finally {
    await dictionary.close()
  }
}
