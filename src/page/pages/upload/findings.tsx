/** What a check has found, by document and place. */
import type { FileFinding, FileReport } from '../../../client/api/upload.ts'
import { formatNumber } from '../../core/format.ts'
import { language } from '../../core/language.ts'
import { linkTo } from '../../core/router.ts'
import { save } from '../../core/save.ts'
import { uploadMessages } from './messages.ts'

/** More make the page slow; the report as JSON has all that the hub lists. */
const MAX_SHOWN = 200

const ORDER: readonly string[] = ['error', 'warning', 'info']
const TONES = { error: 'error', warning: 'warning', info: '' } as const

export interface FindingsProps {
  readonly report: FileReport
  /** Places are links then. */
  readonly isStored: boolean
  /** Are those of few documents unfolded? */
  readonly isOpen: boolean
}

export function Findings({ report, isStored, isOpen }: FindingsProps) {
  const text = uploadMessages()
  const { findings, rules } = report
  if (findings.length === 0) return isStored ? null : <p class="upload-good">{text.good}</p>
  const sorted = findings.toSorted((one, other) => ORDER.indexOf(one.severity) - ORDER.indexOf(other.severity))
  const groups = [...Map.groupBy(sorted.slice(0, MAX_SHOWN), (one) => one.id ?? documentPointer(one))]
  const titles = new Map(rules.map(({ rule, title }) => [rule, title]))
  const count = rules.reduce((sum, rule) => sum + rule.findings, 0)
  return (
    <section>
      {groups.map(([key, list]) => (
        <details key={key} class="upload-group" open={isOpen && groups.length <= 3}>
          <summary>
            <GroupName first={list[0] as FileFinding} /> <span class="badge">{formatNumber(list.length)}</span>
          </summary>
          <ul class="upload-findings">
            {list.map((finding, index) => (
              <li key={index} class={`upload-${finding.severity}`}>
                <Finding finding={finding} title={titles.get(finding.rule)} isStored={isStored} />
              </li>
            ))}
          </ul>
        </details>
      ))}
      <p class="muted row">
        {count > MAX_SHOWN && <span>{text.moreFindings(formatNumber(count - MAX_SHOWN))}</span>}
        {!isStored && <span>{text.unstoredPlace}</span>}
        <button
          type="button"
          class="link-button"
          onClick={() =>
            save(
              new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }),
              `${report.file}-${language.peek()}.json`
            )
          }
        >
          {text.wholeReport}
        </button>
      </p>
    </section>
  )
}

/** `/submodels/3/submodelElements/0` → `/submodels/3` */
function documentPointer({ pointer }: FileFinding): string {
  return /^\/[^/]+\/[^/]+/.exec(pointer)?.[0] ?? ''
}

function GroupName({ first }: { readonly first: FileFinding }) {
  const { id, idShort, modelType } = first
  const pointer = documentPointer(first)
  if (pointer === '') return <strong>{uploadMessages().wholeFile}</strong>
  return (
    <>
      <strong>{idShort ?? modelType ?? pointer}</strong> <code>{id ?? pointer}</code>
    </>
  )
}

interface FindingProps {
  readonly finding: FileFinding
  readonly title: string | undefined
  readonly isStored: boolean
}

function Finding({ finding, title, isStored }: FindingProps) {
  const text = uploadMessages()
  const { rule, severity, pointer, idShortPath, constraint, found, remedy } = finding
  const link = isStored ? linkOf(finding) : undefined
  const place = idShortPath ?? pointer
  return (
    <>
      <p>
        <span class={`badge ${TONES[severity]}`}>{text[`severity_${severity}`]}</span> {found}
      </p>
      {remedy !== '' && <p class="upload-remedy">→ {remedy}</p>}
      <p class="muted upload-place">
        {place !== '' && (link === undefined ? <code>{place}</code> : <a href={link}>{place}</a>)}
        <span class="badge" title={title}>
          {constraint === undefined || constraint === rule ? rule : `${rule} · ${constraint}`}
        </span>
        {title !== undefined && <span>{title}</span>}
      </p>
    </>
  )
}

/** Where it is in the plant. */
function linkOf({ modelType, id, idShortPath }: FileFinding): string | undefined {
  if (id === undefined) return undefined
  if (modelType === 'Submodel') return linkTo('plant', { submodel: id, path: idShortPath })
  return modelType === 'AssetAdministrationShell' ? linkTo('plant', { shell: id }) : undefined
}
