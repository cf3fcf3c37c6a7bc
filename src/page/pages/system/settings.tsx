/** The settings in force: those that were changed, or all of them. */
import type { Setting } from '../../../client/api/system.ts'
import { formatNumber } from '../../core/format.ts'
import { language } from '../../core/language.ts'
import { type RouteParams, replaceRoute } from '../../core/router.ts'
import type { Loaded } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { FilterBar, TextFilter } from '../../ui/filter-bar.tsx'
import { Loading } from '../../ui/loading.tsx'
import { TableScroll } from '../../ui/table-scroll.tsx'
import { systemMessages } from './messages.ts'

export interface SettingsProps {
  readonly settings: Loaded<readonly Setting[]>
  readonly params: RouteParams
}

export function Settings({ settings: { value: settings, error, reload }, params }: SettingsProps) {
  const text = systemMessages()
  const { q = '' } = params
  const isAll = params.all === 'true'
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (settings === undefined) return <Loading label={text.loadingSettings} />
  const wanted = q.toLowerCase()
  const shown = settings.filter(
    ({ source, name, flag, meaning }) =>
      (isAll || source !== 'default' || wanted !== '') &&
      [name, flag, meaning[language.value]].some((one) => one.toLowerCase().includes(wanted))
  )
  return (
    <>
      <p class="muted">{text.settingsAbout}</p>
      <FilterBar label={text.filterSettings}>
        <TextFilter label={text.search} value={q} onChange={(next) => replaceRoute('system', { ...params, q: next })} />
        <label class="system-all">
          <input
            type="checkbox"
            checked={isAll}
            onChange={({ currentTarget }) =>
              replaceRoute('system', { ...params, all: currentTarget.checked ? 'true' : '' })
            }
          />
          <span>{text.showAll(formatNumber(settings.length))}</span>
        </label>
      </FilterBar>
      {shown.length === 0 ? (
        <p class="empty">{wanted === '' ? text.noneChanged : text.noneFound}</p>
      ) : (
        <SettingTable settings={shown} />
      )}
      <p class="muted">{text.settingsHow}</p>
    </>
  )
}

function SettingTable({ settings }: { readonly settings: readonly Setting[] }) {
  const text = systemMessages()
  return (
    <TableScroll label={text.settings} isCard>
      <table class="table setting-table">
        <thead>
          <tr>
            <th scope="col">{text.setting}</th>
            <th scope="col">{text.value}</th>
            <th scope="col">{text.source}</th>
            <th scope="col">{text.default}</th>
          </tr>
        </thead>
        <tbody>
          {settings.map((setting) => (
            <tr key={setting.name}>
              <th scope="row">
                <code>{setting.name}</code>
                <span class="setting-meaning">
                  {/* Names of settings and values are in backticks. */}
                  {setting.meaning[language.value]
                    .split('`')
                    .map((part, index) => (index % 2 === 0 ? part : <code>{part}</code>))}
                </span>
              </th>
              <td>
                <Value setting={setting} />
              </td>
              <td>{text[setting.source]}</td>
              <td>{setting.default === '' ? '–' : <code>{setting.default}</code>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}

function Value({ setting: { value, isSet } }: { readonly setting: Setting }) {
  const text = systemMessages()
  if (!isSet) return <span class="muted">{text.notSet}</span>
  return value === undefined ? <span class="badge">{text.secret}</span> : <code>{value}</code>
}
