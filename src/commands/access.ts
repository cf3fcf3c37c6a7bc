/** `aas-hub access …`: what follows the verb, and what it does. */

import { stat } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { HubError } from '../errors.ts'
import { Policy } from '../security/policy.ts'
import { roles } from '../security/roles.ts'
import type { AccessRule } from '../security/rule.ts'
import { checkRuleFiles, rulesOf } from '../security/rule-files.ts'
import { parseAccessRules } from '../security/rule-parser.ts'
import type { RuleVersion } from '../security/rule-versions.ts'
import { parseSubject } from '../security/subject-text.ts'
import type { Store } from '../store/store.ts'
import { explainRequest, type RequestExplanation } from '../transports/access-rules/explain-request.ts'
import type { ExtensionEndpoint } from '../transports/http/extension-endpoint.ts'
import { reportCheck, reportExplanation, toJson } from './access-report.ts'
import {
  describeVersion,
  loadVersion,
  reportVersions,
  type VersionsAdmin,
  versionsInStore,
  versionsOfHub
} from './access-versions.ts'
import { hubAddressOf, requestHub } from './hub-request.ts'

export interface AccessCommandParts {
  readonly config: Config
  readonly openStore: (config: Config) => Promise<Store>
  readonly extensions: readonly ExtensionEndpoint[]
}

export interface AccessResult {
  readonly output: string
  readonly isGood: boolean
}

type Flags = ReadonlyMap<string, string>

/** @returns undefined where the words are not understood */
export async function runAccess(
  [what = '', ...words]: readonly string[],
  flags: Flags,
  parts: AccessCommandParts
): Promise<AccessResult | undefined> {
  const json = flags.has('json')
  if (what === 'check' && words.length > 0) {
    const files = (await Promise.all(words.map(checkRuleFiles))).flat()
    return { output: reportCheck(files, json), isGood: files.every(({ violations }) => violations.length === 0) }
  }
  if (what === 'print' && words.length === 0) return { output: toJson(roleModels(flags.get('role'))), isGood: true }
  if (what === 'explain' && words.length === 2 && flags.has('as')) {
    return { output: reportExplanation(await explainTo(words, flags, parts), json), isGood: true }
  }
  const act = versionCommands[what]
  if (act === undefined || words.length !== (what === 'load' || what === 'activate' ? 1 : 0)) return undefined
  const output = await withVersions(flags, parts, (admin) => act(admin, words[0] ?? '', flags))
  return { output: json ? toJson(output.json) : output.text, isGood: true }
}

async function explainTo(
  [method = '', path = '']: readonly string[],
  flags: Flags,
  { config, extensions }: AccessCommandParts
): Promise<RequestExplanation> {
  const subject = parseSubject(flags.get('as') ?? '', '--as')
  const hub = await hubAddressOf(flags)
  if (hub !== undefined) {
    const question = { ...subject, method, path }
    return (await requestHub(hub, 'POST', '/security/access-rules/explain', question)) as RequestExplanation
  }
  const { ACCESS_RULES: file, API_PREFIX: apiPrefix } = config
  const rules = file === '' ? roleRules() : rulesOf(await checkRuleFiles(file))
  return explainRequest(new Policy(rules), { subject, method, path, apiPrefix, extensions })
}

type VersionCommand = (
  admin: VersionsAdmin,
  word: string,
  flags: Flags
) => Promise<{ readonly json: unknown; readonly text: string }>

const versionCommands: { readonly [Name in string]?: VersionCommand } = {
  versions: async (admin) => {
    const list = await admin.list()
    return { json: list, text: reportVersions(list) }
  },
  load: async (admin, file, flags) => {
    const [stageOnly, force] = [flags.has('stage'), flags.has('force')]
    return described(await loadVersion(admin, file, { stageOnly, force, note: flags.get('note') }))
  },
  activate: async (admin, word, flags) => {
    if (!/^\d{1,9}$/.test(word)) throw new HubError('BadRequest', [`"${word}" is no number of a version`])
    return described(await admin.activate(Number(word), flags.has('force')))
  },
  rollback: async (admin, _, flags) => described(await admin.activate('previous', flags.has('force')))
}

function described(version: RuleVersion): { json: unknown; text: string } {
  return { json: version, text: describeVersion(version) }
}

async function withVersions<Result>(
  flags: Flags,
  { config, openStore }: AccessCommandParts,
  act: (admin: VersionsAdmin) => Promise<Result>
): Promise<Result> {
  const hub = await hubAddressOf(flags)
  if (hub !== undefined) return act(versionsOfHub(hub))
  // Otherwise opening it would make a new one.
  if (config.MONGODB_URL === '') await stat(config.DATA_DIR)
  const store = await openStore(config)
  try {
    return await act(versionsInStore(store))
  } finally {
    await store.close()
  }
}

/** The rules of the built-in roles. */
function roleRules(): AccessRule[] {
  return Object.entries(roles).flatMap(([role, model]) => parseAccessRules(model, role).rules)
}

/** @throws HubError NotFound */
function roleModels(role: string | undefined): object {
  if (role === undefined) return roles
  const model = Object.hasOwn(roles, role) ? roles[role] : undefined
  if (model === undefined) throw new HubError('NotFound', ['The role', role])
  return model
}
