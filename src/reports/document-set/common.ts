/** What all documents of the set have in common: their cover and places for a person to write in. */
import type { ReportLanguage } from '../../operations/report-language.ts'
import type { DocumentSection, List, ReportDocument } from '../document.ts'
import { type Machine, machineName } from './machine.ts'
import type { DocumentMaterial } from './material.ts'

type Local = Readonly<Record<ReportLanguage, string>>

const WORDS = {
  machine: { en: 'Machine', ko: '설비' },
  shell: { en: 'Asset Administration Shell', ko: 'AAS 식별자' },
  asset: { en: 'Asset', ko: '자산 식별자' },
  kind: { en: 'Kind of asset', ko: '자산 종류' },
  version: { en: 'Version/revision', ko: '버전/개정' },
  created: { en: 'Created', ko: '작성 일시' },
  by: { en: 'Made by', ko: '생성 도구' },
  toWrite: { en: '[to be written]', ko: '[작성 필요]' }
} as const satisfies Record<string, Local>

/** @param title without the name of the machine */
export function documentOf(
  { machine, language, created, version }: DocumentMaterial,
  title: string,
  sections: readonly DocumentSection[],
  properties: ReportDocument['properties'] = []
): ReportDocument {
  return {
    language,
    title: `${title} – ${machineName(machine)}`,
    properties: [
      ...machineProperties(machine, language),
      ...properties,
      [WORDS.created[language], created],
      [WORDS.by[language], `AAS Hub ${version}`]
    ],
    sections
  }
}

function machineProperties({ shell }: Machine, language: ReportLanguage): ReportDocument['properties'] {
  const { administration, assetInformation } = shell
  const { version, revision } = administration ?? {}
  const rows: [Local, string | undefined][] = [
    [WORDS.machine, shell.idShort],
    [WORDS.shell, shell.id],
    [WORDS.asset, assetInformation?.globalAssetId],
    [WORDS.kind, assetInformation?.assetKind],
    [WORDS.version, version === undefined ? undefined : `${version}/${revision ?? ''}`]
  ]
  return rows.flatMap(([label, value]) => (value === undefined ? [] : [[label[language], value]]))
}

/** Prose is not generated: what a person has to write, each on a line that is marked. */
export function toWrite(language: ReportLanguage, subjects: readonly string[]): List {
  return { kind: 'list', items: subjects.map((subject) => `${WORDS.toWrite[language]} ${subject}:`) }
}

export function toWriteMark(language: ReportLanguage): string {
  return WORDS.toWrite[language]
}

/** Unique anchors from names. */
export function anchors(): (name: string) => string {
  const taken = new Set<string>()
  return (name) => {
    const base = name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'section'
    for (let number = 1; ; number++) {
      const anchor = number === 1 ? base : `${base}-${number}`
      if (taken.size < taken.add(anchor).size) return anchor
    }
  }
}
