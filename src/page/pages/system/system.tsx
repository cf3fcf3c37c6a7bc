/** How the hub is doing: readiness, rates, latency, memory, disk, consumers, backups; and its settings. */
import { listSettings, type Setting } from '../../../client/api/system.ts'
import { formatBytes, formatNumber } from '../../core/format.ts'
import { config, hub } from '../../core/hub.ts'
import { useLoad } from '../../core/use-load.ts'
import type { PageProps } from '../../page-definition.ts'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Sparkline } from '../../ui/sparkline.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Backups } from './backups.tsx'
import { Consumers } from './consumers.tsx'
import { Disk } from './disk.tsx'
import { CHARTS, type ChartName, chartValue, type Snapshot } from './figures.ts'
import { formatSeconds } from './format.ts'
import { systemMessages } from './messages.ts'
import { Settings } from './settings.tsx'
import { Stored } from './stored.tsx'
import { useSnapshots } from './use-snapshots.ts'
import './system.css'

/** Values in a full chart. */
const CHART_CAPACITY = 61

export default function System({ params }: PageProps) {
  const text = systemMessages()
  const view = params.view === 'settings' ? 'settings' : 'now'
  const settings = useLoad('settings', (signal) => listSettings(hub(), signal))
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <span class="badge">{text.version(config.value?.version ?? '')}</span>
      </PageHead>
      <Tabs
        label={text.title}
        path="system"
        chosen={view}
        views={[
          ['now', text.now],
          ['settings', text.settings]
        ]}
      />
      {view === 'settings' ? <Settings settings={settings} params={params} /> : <Now settings={settings.value} />}
    </>
  )
}

function Now({ settings }: { readonly settings: readonly Setting[] | undefined }) {
  const text = systemMessages()
  const { snapshots, metrics, readiness, error } = useSnapshots()
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      {metrics === undefined && error === undefined && <Loading label={text.loading} />}
      {readiness !== undefined && error === undefined && <ReadinessNotice {...readiness} />}
      {metrics !== undefined && (
        <>
          <h2 class="visually-hidden">{text.figures}</h2>
          <ul class="figures system-figures">
            {CHARTS.map((name) => (
              <Chart key={name} name={name} snapshots={snapshots} />
            ))}
          </ul>
          <div class="system-columns">
            <Stored metrics={metrics} />
            <Disk metrics={metrics} settings={settings} />
            <Consumers metrics={metrics} />
            <Backups metrics={metrics} settings={settings} />
          </div>
        </>
      )}
    </>
  )
}

interface ReadinessNoticeProps {
  readonly status: string
  readonly damaged?: number
  readonly setAside?: number
  readonly checkpointFailing?: boolean
  readonly accessRules?: string
  readonly invalidFiles?: readonly string[]
  readonly insecure?: boolean
}

function ReadinessNotice({ status, damaged, accessRules, invalidFiles, insecure, ...store }: ReadinessNoticeProps) {
  const text = systemMessages()
  if (status !== 'ready') {
    return (
      <Notice kind="error">
        {text.notReady} <span lang="en">{status}</span>
      </Notice>
    )
  }
  const warnings = [
    damaged !== undefined && text.damaged(formatNumber(damaged)),
    store.setAside !== undefined && text.setAside(formatNumber(store.setAside)),
    store.checkpointFailing === true && text.checkpointFailing,
    accessRules !== undefined && `${text.rulesInvalid} ${accessRules}`,
    invalidFiles !== undefined && text.filesInvalid(invalidFiles.join(', ')),
    insecure === true && text.insecure
  ].filter((warning) => warning !== false)
  if (warnings.length === 0) return <Notice kind="success">{text.ready}</Notice>
  return (
    <Notice kind="warning">
      {warnings.map((warning) => (
        <p key={warning}>{warning}</p>
      ))}
    </Notice>
  )
}

function Chart({ name, snapshots }: { readonly name: ChartName; readonly snapshots: readonly Snapshot[] }) {
  const text = systemMessages()
  const values = snapshots.map((snapshot, index) => chartValue(name, snapshot, snapshots[index - 1]))
  const value = values.findLast((one) => one !== undefined)
  // What this hub does not measure, e.g. bytes of a database.
  if (value === undefined && name.endsWith('Bytes')) return null
  return (
    <li class="card figure">
      <span class="muted">{text[name]}</span>
      <span class="figure-value">{value === undefined ? '–' : formatFigure(name, value)}</span>
      <Sparkline values={values} capacity={CHART_CAPACITY} />
    </li>
  )
}

function formatFigure(name: ChartName, value: number): string {
  const text = systemMessages()
  switch (name) {
    case 'samples':
    case 'refused':
    case 'requests':
      return text.perSecond(formatNumber(value, { maximumSignificantDigits: 3 }))
    case 'latency':
    case 'slowLatency':
    case 'loopDelay':
      return formatSeconds(value)
    case 'cpu':
      return formatNumber(value, { style: 'percent', maximumFractionDigits: 0 })
    case 'subscribers':
    case 'subscribersLate':
      return formatNumber(value)
    default:
      return formatBytes(value)
  }
}
