/** Who is connected: senders of samples, the MQTT broker, subscriptions, and the use of each standard. */
import { useEffect } from 'preact/hooks'
import { readMetrics } from '../../../client/api/system.ts'
import { formatNumber, formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { linkTo } from '../../core/router.ts'
import { useLoad } from '../../core/use-load.ts'
import { Failure } from '../../ui/failure.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { PageHead } from '../../ui/page-head.tsx'
import { Broker } from './broker.tsx'
import { connectionMessages } from './messages.ts'
import { readSenders, type Sender } from './senders.ts'
import { Standards } from './standards.tsx'
import './connections.css'

const REFRESH_MS = 5000

export default function Connections() {
  const text = connectionMessages()
  const { value, error, isLoading, reload } = useLoad(`connections ${language.value}`, async (signal) => {
    const [list, metrics] = await Promise.all([readSenders(language.peek(), signal), readMetrics(hub(), signal)])
    return { ...list, metrics }
  })
  useEffect(() => {
    // After what is being read, which may take longer where there are many points.
    if (isLoading) return
    const timer = setInterval(() => document.hidden || reload(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isLoading, reload])
  return (
    <>
      <PageHead title={text.title} about={text.about}>
        <a class="button" href={linkTo('collection-points')}>
          {text.points}
        </a>
      </PageHead>
      {error !== undefined && <Failure error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading label={text.loading} />}
      {value !== undefined && (
        <>
          {value.isIncomplete && <Notice kind="warning">{text.incomplete}</Notice>}
          <h2 class="connections-heading">{text.senders}</h2>
          {value.senders.length === 0 ? <p class="empty">{text.noSenders}</p> : <Senders senders={value.senders} />}
          <div class="connections-columns">
            <Broker metrics={value.metrics} />
            <Standards metrics={value.metrics} />
          </div>
        </>
      )}
    </>
  )
}

function Senders({ senders }: { readonly senders: readonly Sender[] }) {
  const text = connectionMessages()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard
    <section class="card table-scroll" aria-label={text.senders} tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.sender}</th>
            <th scope="col">{text.transport}</th>
            <th scope="col">{text.state}</th>
            <th scope="col" class="number">
              {text.rate}
            </th>
            <th scope="col" class="number">
              {text.pointCount}
            </th>
            <th scope="col">{text.lastSample}</th>
          </tr>
        </thead>
        <tbody>
          {senders.map(({ caller, transport, points, faulty, rate, lastSample }) => (
            <tr key={`${transport} ${caller}`}>
              <th scope="row">{caller ?? text.anonymous}</th>
              <td>{transport}</td>
              <td>
                <span class={`badge ${faulty === 0 ? 'good' : 'warning'}`}>
                  {faulty === 0 ? text.fine : text.faulty(formatNumber(faulty))}
                </span>
              </td>
              <td class="number">{text.perSecond(formatNumber(rate, { maximumSignificantDigits: 3 }))}</td>
              <td class="number">{formatNumber(points)}</td>
              <td>{lastSample === undefined ? '–' : formatTime(lastSample)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
