/** Checks of idShorts, ids and their versions. */
import { isLexical } from '../../../model/datatypes.ts'
import type { DocumentPath } from '../../../model/document-path.ts'
import { isA } from '../../../model/fields.ts'
import type { Identifiable } from '../../../model/types.ts'
import { check } from './check.ts'
import type { InspectedDocument, InspectedFile } from './inspected-file.ts'

/** An identifiable, or an element. */
interface NamedObject {
  readonly document: InspectedDocument
  readonly path: DocumentPath
  readonly className: string
  readonly idShort?: string
  readonly isListItem: boolean
}

/** Everything with an idShort of these classes; abstract ones stand for their heirs. */
function* namedObjects(file: InspectedFile, classNames: readonly string[]): Generator<NamedObject> {
  const isWanted = (className: string) => classNames.some((name) => isA(className, name))
  for (const document of file.documents.filter(({ isReadable }) => isReadable)) {
    const { className, document: it, elements } = document
    if (isWanted(className)) yield { document, path: [], className, ...idShortOf(it), isListItem: false }
    for (const { element, path, isListItem } of elements) {
      if (isWanted(element.modelType))
        yield { document, path, className: element.modelType, ...idShortOf(element), isListItem }
    }
  }
}

function idShortOf({ idShort }: { readonly idShort?: string }): { idShort?: string } {
  return idShort === undefined ? {} : { idShort }
}

function identifiablesOf(file: InspectedFile, classNames: readonly string[]): readonly InspectedDocument[] {
  return file.documents.filter(({ className, isReadable }) => isReadable && classNames.includes(className))
}

export const idShort = check({
  values: { of: 'texts', pattern: 'pattern', required: 'flag?' },
  found: {
    missing: { en: 'the {class} has no idShort', ko: '{class}에 idShort가 없습니다' },
    mismatch: {
      en: 'the idShort "{idShort}" does not match {pattern}',
      ko: 'idShort "{idShort}"이(가) 규칙 {pattern}에 맞지 않습니다'
    }
  },
  run({ file }, { of, pattern, required }, report) {
    for (const { document, path, className, idShort, isListItem } of namedObjects(file, of)) {
      const place = { document, path: [...path, 'idShort'] }
      if (idShort !== undefined && !pattern.test(idShort))
        report('mismatch', place, { values: { idShort, pattern: pattern.source } })
      // Items of a list are addressed by their index.
      else if (idShort === undefined && required && !isListItem)
        report('missing', { document, path }, { values: { class: className } })
    }
  }
})

export const uniqueIdShort = check({
  values: { of: 'texts' },
  found: {
    repeated: {
      en: 'the idShort "{idShort}" is also that of {other}',
      ko: 'idShort "{idShort}"이(가) {other}에도 쓰였습니다'
    }
  },
  run({ file }, { of }, report) {
    const first = new Map<string, string>()
    for (const document of identifiablesOf(file, of)) {
      const { idShort } = document.document
      if (idShort === undefined) continue
      const other = first.get(idShort)
      if (other === undefined) first.set(idShort, document.pointer)
      else report('repeated', { document, path: ['idShort'] }, { values: { idShort, other } })
    }
  }
})

/** ECLASS, with an optional second code of a property in a class, and IEC CDD. */
const ECLASS = String.raw`\d{4}-\d+#\d{2}-[A-Z]{3}\d{3}#\d{3}`
const IRDI = new RegExp(
  String.raw`^(?:${ECLASS}(?:/${ECLASS}\*\d+(?:---[A-F0-9]{8})?)?|\d{4}/\d+///\d+(?:_\d+)?#[A-Z]{3}\d{3}#\d{3})$`
)

export const idFormat = check({
  values: { of: 'texts' },
  found: {
    neither: {
      en: 'the id "{id}" is neither an IRDI nor an IRI',
      ko: 'id "{id}"은(는) IRDI도 IRI도 아닙니다'
    }
  },
  run({ file }, { of }, report) {
    for (const document of identifiablesOf(file, of)) {
      const { id } = document.document
      if (typeof id !== 'string' || IRDI.test(id) || isLexical('xs:anyURI', id)) continue
      report('neither', { document, path: ['id'] }, { values: { id } })
    }
  }
})

export const idPrefix = check({
  values: { of: 'texts', prefixes: 'texts' },
  found: {
    foreign: {
      en: 'the id "{id}" begins with none of {prefixes}',
      ko: 'id "{id}"이(가) 허용된 시작({prefixes})으로 시작하지 않습니다'
    }
  },
  run({ file }, { of, prefixes }, report) {
    for (const document of identifiablesOf(file, of)) {
      const { id } = document.document
      if (typeof id !== 'string' || prefixes.some((prefix) => id.startsWith(prefix))) continue
      report('foreign', { document, path: ['id'] }, { values: { id, prefixes: prefixes.join(', ') } })
    }
  }
})

export const idVersion = check({
  values: { of: 'texts' },
  found: {
    missing: {
      en: 'administration has no version or no revision',
      ko: 'administration에 version 또는 revision이 없습니다'
    },
    mismatch: {
      en: 'the id "{id}" does not end in /{version}/{revision}, the version and revision of administration',
      ko: 'id "{id}"이(가) administration의 버전·리비전인 /{version}/{revision}(으)로 끝나지 않습니다'
    }
  },
  run({ file }, { of }, report) {
    for (const document of identifiablesOf(file, of)) {
      const { id = '', administration } = document.document as Partial<Identifiable>
      const { version, revision } = administration ?? {}
      if (!version || !revision) report('missing', { document, path: ['administration'] })
      else if (id.split('/').slice(-2).join('/') !== `${version}/${revision}`)
        report('mismatch', { document, path: ['id'] }, { values: { id, version, revision } })
    }
  }
})

const IS_IRDI = /^(?:0173-|0112\/)/

export const uniqueConcepts = check({
  values: {},
  found: {
    repeatedId: {
      en: 'the ConceptDescription "{id}" is also at {other}',
      ko: 'ConceptDescription "{id}"이(가) {other}에도 있습니다'
    },
    repeatedIdShort: {
      en: 'the idShort "{idShort}" is also that of the concept at {other}, which has another id',
      ko: 'idShort "{idShort}"이(가) id가 다른 {other}에도 쓰였습니다'
    }
  },
  run({ file }, _values, report) {
    const byId = new Map<string, string>()
    const byIdShort = new Map<string, { readonly id: string; readonly pointer: string }>()
    for (const document of file.concepts) {
      const { id, idShort } = document.document
      const other = byId.get(id)
      if (other !== undefined) {
        report('repeatedId', { document, path: ['id'] }, { values: { id, other } })
        continue
      }
      byId.set(id, document.pointer)
      const namesake = idShort === undefined ? undefined : byIdShort.get(idShort)
      if (idShort !== undefined && namesake === undefined) byIdShort.set(idShort, { id, pointer: document.pointer })
      if (idShort === undefined || namesake === undefined) continue
      const severity = IS_IRDI.test(id) && IS_IRDI.test(namesake.id) ? 'info' : 'warning'
      const values = { idShort, other: namesake.pointer }
      report('repeatedIdShort', { document, path: ['idShort'] }, { values, severity })
    }
  }
})
