/** Versions of the access rules, and which rule decides on a request. */
import { useState } from 'preact/hooks'
import { activateRules, listRuleVersions, type RuleVersion, readRules } from '../../../client/api/access.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { replaceRoute } from '../../core/router.ts'
import { useLoad } from '../../core/use-load.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Dialog, FormDialog } from '../../ui/dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { ExplainForm } from './explain-form.tsx'
import { accessMessages } from './messages.ts'
import type { AccessViewProps } from './view-props.ts'

const TONES = { active: 'good', staged: 'accent', superseded: '' } as const

export function RulesView({ params, mayChange }: AccessViewProps) {
  const text = accessMessages()
  const { value, error, reload } = useLoad('rules', (signal) => listRuleVersions(hub(), signal))
  const [activated, setActivated] = useState<RuleVersion>()
  const shown = value?.versions.find(({ number }) => String(number) === params.version)
  return (
    <>
      <ExplainForm params={params} />
      <h2 class="access-heading">{text.versions}</h2>
      <p class="muted">{text.versionsHow}</p>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value !== undefined && (
        <TableScroll label={text.versions} isCard>
          <table class="table">
            <thead>
              <tr>
                {[text.version, text.state, text.author, text.time, text.ruleCount, text.note, text.actions].map(
                  (heading) => (
                    <th key={heading} scope="col">
                      {heading}
                    </th>
                  )
                )}
              </tr>
            </thead>
            <tbody>
              {value.versions.map((version) => (
                <VersionRow
                  key={version.number}
                  version={version}
                  onShow={() => replaceRoute('access', { ...params, version: String(version.number) })}
                  onActivate={mayChange && version.state !== 'active' ? () => setActivated(version) : undefined}
                />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {shown !== undefined && (
        <Documents version={shown} onClose={() => replaceRoute('access', { ...params, version: '' })} />
      )}
      {activated !== undefined && (
        <FormDialog
          title={text.activateVersion(String(activated.number))}
          action={text.activate}
          isDangerous
          onClose={() => setActivated(undefined)}
          onSubmit={async () => {
            await activateRules(hub(), activated.number)
            setActivated(undefined)
            reload()
          }}
        >
          <p>{text.activateHow}</p>
        </FormDialog>
      )}
    </>
  )
}

interface VersionRowProps {
  readonly version: RuleVersion
  readonly onShow: () => void
  /** Absent where it cannot be activated. */
  readonly onActivate: (() => void) | undefined
}

function VersionRow({ version, onShow, onActivate }: VersionRowProps) {
  const text = accessMessages()
  const { number, state, author, time, rules, note, activatedBy, activatedAt } = version
  const isBuiltIn = number === 0
  return (
    <tr>
      <th scope="row">{number}</th>
      <td>
        <span class={`badge ${TONES[state]}`}>{text[state]}</span>
        {activatedAt !== undefined && (
          <div class="muted">
            {activatedBy} {formatTime(activatedAt)}
          </div>
        )}
      </td>
      <td>{isBuiltIn ? '–' : author}</td>
      <td>{isBuiltIn ? '–' : formatTime(time)}</td>
      <td>{isBuiltIn ? '–' : formatNumber(rules)}</td>
      <td>{isBuiltIn ? text.builtIn : note}</td>
      <td>
        <span class="row">
          {!isBuiltIn && (
            <button
              type="button"
              class="button small"
              aria-label={`${text.show} ${text.version} ${number}`}
              onClick={onShow}
            >
              {text.show}
            </button>
          )}
          {onActivate !== undefined && (
            <button
              type="button"
              class="button small"
              aria-label={text.activateVersion(String(number))}
              onClick={onActivate}
            >
              {text.activate}
            </button>
          )}
        </span>
      </td>
    </tr>
  )
}

function Documents({ version, onClose }: { readonly version: RuleVersion; readonly onClose: () => void }) {
  const text = accessMessages()
  const { value, error, reload } = useLoad(`rules ${version.number}`, (signal) =>
    readRules(hub(), version.number, signal)
  )
  const json = JSON.stringify(value, null, 2)
  return (
    <Dialog title={`${text.version} ${version.number}`} onClose={onClose}>
      <p class="muted mono access-claim">SHA-256 {version.hash}</p>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value !== undefined && (
        <>
          <CopyButton text={json} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard */}
          <pre class="access-json" tabIndex={0} lang="en">
            {json}
          </pre>
        </>
      )}
    </Dialog>
  )
}
