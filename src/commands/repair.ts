/** `aas-hub repair --profile`: writes a repaired file, and every change, old and new. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { HubError } from '../errors.ts'
import { excerptOf } from '../model/excerpt.ts'
import { encodeId } from '../model/identifier.ts'
import type { ConceptDescription } from '../model/types.ts'
import { profileNamed } from '../operations/conformance/load-profile.ts'
import type { ConceptDictionary, RepairChange } from '../operations/conformance/repair/draft.ts'
import { repairFile } from '../operations/conformance/repair/repair-file.ts'
import type { ReportLanguage } from '../operations/report-language.ts'
import { conformanceText, reportLanguage } from './conformance-report.ts'
import { choiceOf, type LocalHub, type RemoteApi, remoteApi } from './local-hub.ts'

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
  const remote = await remoteApi(flags, local)
  const stored = dictionaryOfStore(local)
  try {
    const dictionary = remote === undefined ? stored.find : dictionaryOfHub(remote)
    const request = { profile: profileNamed(profile), language, dictionary, ...inside }
    const { changes, report } = await repairFile(from, to, request)
    const text =
      format === 'json'
        ? `${JSON.stringify({ changes, report }, null, 2)}\n`
        : changesText(changes, to, language) + conformanceText(report)
    process.stdout.write(text)
    return report.valid
  } finally {
    await stored.close()
  }
}

const WORDS = {
  en: {
    unchanged: 'is the same file byte by byte: there was nothing to repair',
    written: 'is written with {count} changes:',
    nothing: 'nothing',
    ...{ changed: 'changed', moved: 'moved', draft: 'draft' }
  },
  ko: {
    unchanged: '원본과 같은 파일입니다. 고칠 것이 없습니다',
    written: '파일을 {count}곳 고쳐서 썼습니다:',
    nothing: '없음',
    ...{ changed: '변경', moved: '식별자 이동', draft: '초안' }
  }
} as const

function changesText(changes: readonly RepairChange[], to: string, language: ReportLanguage): string {
  const words = WORDS[language]
  if (changes.length === 0) return `${to} ${words.unchanged}\n`
  const shown = (value: unknown) => (value === undefined ? words.nothing : excerptOf(value))
  const lines = changes.map(({ rule, pointer, idShortPath, was, is, kind }) => {
    const place = `${pointer}${idShortPath === undefined ? '' : ` (${idShortPath})`}`
    return `  ${rule} ${words[kind]} ${place}: ${shown(was)} → ${shown(is)}`
  })
  return `${to} ${words.written.replace('{count}', String(changes.length))}\n${lines.join('\n')}\n`
}

function dictionaryOfHub({ api, headers }: RemoteApi): ConceptDictionary {
  return async (id) => {
    const response = await fetch(`${api}/concept-descriptions/${encodeId(id)}`, { headers }).catch(() => {
      throw new HubError('Unavailable', [`No hub answers at ${new URL(api).origin}`])
    })
    if (response.ok) return (await response.json()) as ConceptDescription
    await response.body?.cancel()
    if (response.status === 404) return undefined
    throw new HubError('BadRequest', [`The hub refuses to read concept descriptions: ${response.status}`])
  }
}

/** Opens the store when the first concept is needed. */
function dictionaryOfStore(local: LocalHub): { readonly find: ConceptDictionary; close(): Promise<void> } {
  let store: ReturnType<LocalHub['openStore']> | undefined
  return {
    find: async (id) => {
      store ??= local.openStore()
      const found = await (await store)?.document('ConceptDescription', id)
      return found === undefined ? undefined : (JSON.parse(found.bytes.toString()) as ConceptDescription)
    },
    close: async () => {
      await (await store?.catch(() => undefined))?.close()
    }
  }
}
