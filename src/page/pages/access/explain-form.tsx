/** Asks which rule decides on a request. The question is in the address. */
import { useState } from 'preact/hooks'
import {
  type AccessExplanation,
  type AccessQuestion,
  type AccessVerdict,
  explainAccess
} from '../../../client/api/access.ts'
import { hub } from '../../core/hub.ts'
import { type RouteParams, replaceRoute } from '../../core/router.ts'
import { useLoad } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { accessMessages } from './messages.ts'

/** Instead of claims, in the address. */
const ANONYMOUS = '-'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const TONES = { allowed: 'good', refused: 'error', conditional: 'warning' } as const

export function ExplainForm({ params }: { readonly params: RouteParams }) {
  const text = accessMessages()
  const [claims, setClaims] = useState(claimsOf(params))
  const [method, setMethod] = useState(params.method ?? 'GET')
  const [path, setPath] = useState(params.path ?? '/submodels')
  const isValid = parseClaims(claims) !== 'invalid'
  const question = questionOf(params)
  return (
    <section class="card access-explain" aria-label={text.explain}>
      <h2>{text.explain}</h2>
      <p class="muted">{text.explainHow}</p>
      <form
        class="access-question"
        onSubmit={(event) => {
          event.preventDefault()
          if (isValid) replaceRoute('access', { ...params, claims: claims || ANONYMOUS, method, path })
        }}
      >
        <label class="field">
          <span>{text.claims}</span>
          <input
            class="mono"
            value={claims}
            spellcheck={false}
            aria-invalid={!isValid}
            onInput={({ currentTarget }) => setClaims(currentTarget.value.trim())}
          />
        </label>
        <label class="field">
          <span>{text.method}</span>
          <select value={method} onChange={({ currentTarget }) => setMethod(currentTarget.value)}>
            {METHODS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <label class="field access-path">
          <span>{text.path}</span>
          <input
            class="mono"
            value={path}
            spellcheck={false}
            onInput={({ currentTarget }) => setPath(currentTarget.value.trim())}
          />
        </label>
        <button type="submit" class="button" disabled={!isValid || path === ''}>
          {text.ask}
        </button>
      </form>
      {question !== undefined && <Answer question={question} />}
    </section>
  )
}

function Answer({ question }: { readonly question: AccessQuestion }) {
  const text = accessMessages()
  const { value, error, isLoading } = useLoad(JSON.stringify(question), (signal) =>
    explainAccess(hub(), question, signal)
  )
  if (error !== undefined) return <Failure error={error} />
  if (value === undefined) return isLoading ? <Loading label={text.loading} /> : null
  return <Explanation explanation={value} />
}

function Explanation({ explanation }: { readonly explanation: AccessExplanation }) {
  const text = accessMessages()
  return (
    <div class="access-answer" aria-live="polite">
      <p>
        <strong>{explanation.operation}</strong> – {text.requires} <code lang="en">{explanation.requires}</code>
      </p>
      {explanation.targets.flatMap(({ target, verdicts }) =>
        verdicts.map((verdict) => (
          <Verdict
            key={`${target.id} ${target.path} ${verdict.right}`}
            verdict={verdict}
            target={[target.id, target.path].filter(Boolean).join(' · ')}
          />
        ))
      )}
    </div>
  )
}

function Verdict({ verdict, target }: { readonly verdict: AccessVerdict; readonly target: string }) {
  const text = accessMessages()
  const { right, stored, rules } = verdict
  const granting = rules.filter(({ grants }) => grants !== 'nothing')
  const others = rules.filter(({ grants }) => grants === 'nothing')
  return (
    <div>
      <p class="row">
        <code>{right}</code>
        <span class={`badge ${TONES[verdict.verdict]}`}>{text[verdict.verdict]}</span>
        {stored !== undefined && <span class="muted">{text[`stored_${stored}`]}</span>}
        <span class="muted access-claim">{target}</span>
      </p>
      <RuleList rules={granting} />
      {others.length > 0 && (
        <details>
          <summary>{text.otherRules(String(others.length))}</summary>
          <RuleList rules={others} />
        </details>
      )}
    </div>
  )
}

function RuleList({ rules }: Pick<AccessVerdict, 'rules'>) {
  const text = accessMessages()
  return (
    <ul class="access-rules" lang="en">
      {rules.map(({ rule, grants, reason, condition }) => (
        <li key={rule}>
          <code>{rule}</code> {grants !== 'nothing' && <span class="badge good">{text[`grants_${grants}`]}</span>}{' '}
          {reason !== undefined && <span class="muted">{reason}</span>}
          {condition !== undefined && <code class="access-condition">{JSON.stringify(condition)}</code>}
        </li>
      ))}
    </ul>
  )
}

/** What the form begins with: a question that is in the address, otherwise an example. */
function claimsOf({ claims, method }: RouteParams): string {
  if (method === undefined) return '{ "role": "operator" }'
  return claims === undefined || claims === ANONYMOUS ? '' : claims
}

function questionOf({ claims = '', method, path }: RouteParams): AccessQuestion | undefined {
  if (method === undefined || path === undefined) return undefined
  const parsed = parseClaims(claims)
  if (parsed === 'invalid') return undefined
  return { method, path, ...(parsed !== undefined && { claims: parsed }) }
}

/** Undefined for an anonymous caller. */
function parseClaims(text: string): Readonly<Record<string, unknown>> | undefined | 'invalid' {
  if (text === '' || text === ANONYMOUS) return undefined
  try {
    const claims: unknown = JSON.parse(text)
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return { ...claims }
  } catch {
    // Still being typed.
  }
  return 'invalid'
}
