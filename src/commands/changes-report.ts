/** The changes of a repaired or converted file, as text. */
import { excerptOf } from '../model/excerpt.ts'
import type { RepairChange } from '../operations/conformance/repair/draft.ts'
import type { ReportLanguage } from '../operations/report-language.ts'

const WORDS = {
  en: {
    unchanged: 'is the same file byte by byte: there was nothing to repair',
    written: 'is written with {count} changes:',
    others: '{count} further changes of members; --json lists them',
    nothing: 'nothing',
    ...{ changed: 'changed', moved: 'moved', draft: 'draft', removed: 'left out' }
  },
  ko: {
    unchanged: '원본과 같은 파일입니다. 고칠 것이 없습니다',
    written: '파일을 {count}곳 고쳐서 썼습니다:',
    others: '그 밖의 변경 {count}곳(--json으로 모두 볼 수 있습니다)',
    nothing: '없음',
    ...{ changed: '변경', moved: '식별자 이동', draft: '초안', removed: '제외' }
  }
} as const

/** Every change, or those of identifiers and of what was made or left out, with the number of the others. */
export function changesText(
  changes: readonly RepairChange[],
  to: string,
  language: ReportLanguage,
  { isBrief = false }: { readonly isBrief?: boolean } = {}
): string {
  const words = WORDS[language]
  if (changes.length === 0) return `${to} ${words.unchanged}\n`
  const listed = isBrief ? changes.filter(({ kind }) => kind !== 'changed') : changes
  const lines = listed.map(({ rule, pointer, idShortPath, was, is, kind }) => {
    const place = `${pointer}${idShortPath === undefined ? '' : ` (${idShortPath})`}`
    const shown = (value: unknown) => (value === undefined ? words.nothing : shownOf(value, kind))
    return `  ${rule} ${words[kind]} ${place}: ${shown(was)} → ${shown(is)}`
  })
  const others = changes.length - listed.length
  if (others > 0) lines.push(`  ${words.others.replace('{count}', String(others))}`)
  return `${to} ${words.written.replace('{count}', String(changes.length))}\n${lines.join('\n')}\n`
}

/** Identifiers in full, as they are looked up elsewhere; a document by its class and id. */
function shownOf(value: unknown, kind: RepairChange['kind']): string {
  const { modelType, id } = Object(value) as { modelType?: unknown; id?: unknown }
  if (id !== undefined) return JSON.stringify({ modelType, id })
  return kind === 'moved' ? JSON.stringify(value) : excerptOf(value)
}
