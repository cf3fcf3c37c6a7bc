/** The last check of each submodel: which follow the standard and their template, and what is wrong with the others. */
import {
  listValidationResults,
  VALIDATION_OUTCOMES,
  type ValidationFinding,
  type ValidationResult
} from '../../../client/api/evidence.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { linkTo, replaceRoute } from '../../core/router.ts'
import { usePagedList } from '../../core/use-paged-list.ts'
import type { PageProps } from '../../page-definition.ts'
import { ChoiceFilter, FilterBar } from '../../ui/filter-bar.tsx'
import { ListFoot } from '../../ui/list-foot.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { nameOf, submodelSummaries } from '../plant/parts/names.ts'
import { validationMessages } from './messages.ts'
import './validation.css'

const PATH = 'validation'
const PAGE_SIZE = 50
const TONES = { valid: 'good', invalid: 'error', noTemplate: '' } as const

export default function Validation({ params }: PageProps) {
  const text = validationMessages()
  const { result = '' } = params
  const list = usePagedList(`${result} ${language.value}`, (cursor, signal) =>
    listValidationResults(
      hub(),
      { result: result || undefined, language: language.value },
      { limit: PAGE_SIZE, cursor, signal }
    )
  )
  const items = list.items.value
  return (
    <>
      <PageHead title={text.title} about={text.about} />
      <FilterBar label={text.filter}>
        <ChoiceFilter
          label={text.result}
          value={result}
          all={text.all}
          choices={VALIDATION_OUTCOMES.map((one) => [one, text[one]])}
          onChange={(next) => replaceRoute(PATH, { ...params, result: next })}
        />
      </FilterBar>
      {items.length === 0 && list.state.value === 'complete' && (
        <div class="empty">
          <p>{text.none}</p>
        </div>
      )}
      <ul class="validation-list">
        {items.map((one) => (
          <Result key={one.submodelId} result={one} />
        ))}
      </ul>
      <ListFoot list={list} />
    </>
  )
}

function Result({ result }: { readonly result: ValidationResult }) {
  const text = validationMessages()
  const { submodelId, template, schemaVersion, checkedAt } = result
  const findings = [...result.metamodel, ...result.violations]
  const name = nameOf(submodelSummaries.get(submodelId), submodelId)
  return (
    <li class="card">
      <div class="row">
        <span class={`badge ${TONES[result.result]}`}>{text[result.result]}</span>
        <a href={linkTo('plant', { submodel: submodelId })}>{name}</a>
        <span class="spacer" />
        {template !== undefined && (
          <span class="badge accent">{[template, schemaVersion].filter(Boolean).join(' ')}</span>
        )}
      </div>
      <p class="muted validation-facts">
        <code>{submodelId}</code>
        <span>{text.checked(formatTime(checkedAt))}</span>
      </p>
      {findings.length > 0 && (
        <details open={findings.length <= 5}>
          <summary>{findings.length === 1 ? text.finding : text.findings(formatNumber(findings.length))}</summary>
          <ul class="validation-findings">
            {findings.map((finding) => (
              <Finding key={`${finding.pointer} ${finding.rule} ${finding.text}`} finding={finding} of={submodelId} />
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

function Finding({ finding, of: submodel }: { readonly finding: ValidationFinding; readonly of: string }) {
  const { idShortPath, pointer, rule, text: said } = finding
  return (
    <li>
      <p>{said}</p>
      <p class="validation-facts">
        {idShortPath === undefined ? (
          <code>{pointer === '' ? '/' : pointer}</code>
        ) : (
          <a href={linkTo('plant', { submodel, path: idShortPath })}>{idShortPath}</a>
        )}
        <span class="badge">{rule}</span>
      </p>
    </li>
  )
}
