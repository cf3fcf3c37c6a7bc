/** What is seen as a file, and how a program gets the same. */
import { useState } from 'preact/hooks'
import type { SeriesName, TimeWindow } from '../../../client/api/timeseries.ts'
import { config, hub, streamToken } from '../../core/hub.ts'
import { language } from '../../core/language.ts'
import { save } from '../../core/save.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { DownloadButton } from '../../ui/download-button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { curlFor, exportUrls, FORMATS, type Format, pythonFor } from './export-texts.ts'
import { chartMessages } from './messages.ts'

export interface ExportProps {
  readonly series: readonly SeriesName[]
  readonly window: TimeWindow
  readonly intervalMs: number | undefined
}

export function Export({ series, window, intervalMs }: ExportProps) {
  const text = chartMessages()
  const [isDrawn, setDrawn] = useState(true)
  const [isOpen, setOpen] = useState(false)
  const content = { series, ...window, intervalMs: isDrawn ? intervalMs : undefined, language: language.value }
  return (
    <details class="chart-export" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <Icon name="download" /> {text.export}
      </summary>
      {isOpen && (
        <>
          {intervalMs !== undefined && (
            <label class="field chart-content">
              <span>{text.content}</span>
              <select onChange={({ currentTarget }) => setDrawn(currentTarget.value === 'drawn')}>
                <option value="drawn">{text.asDrawn}</option>
                <option value="samples">{text.samples}</option>
              </select>
            </label>
          )}
          <div class="row">
            {FORMATS.map((format) => (
              <Download key={format} format={format} urls={exportUrls(hub().root, content, format)} />
            ))}
          </div>
          <h3>{text.program}</h3>
          {config.value?.open !== true && <p class="muted">{text.keyHint}</p>}
          {exportUrls(hub().root, content, 'csv').map((url) => (
            <div key={url}>
              <Snippet name="URL" text={url} />
              <Snippet name="Python" text={pythonFor(url, config.value?.open === true)} />
              <Snippet name="curl" text={curlFor(url, config.value?.open === true)} />
            </div>
          ))}
        </>
      )}
    </details>
  )
}

function Download({ format, urls }: { readonly format: Format; readonly urls: readonly string[] }) {
  const text = chartMessages()
  const nameAt = (index: number) => `chart${urls.length > 1 ? `-${index + 1}` : ''}.${format}`
  const label = text.download({ csv: 'CSV', parquet: 'Parquet', arrow: 'Arrow' }[format])
  // The browser streams it to the disk, where it can show who asks.
  if (streamToken() === undefined)
    return (
      <>
        {urls.map((url, index) => (
          <a key={url} class="button" href={url} download={nameAt(index)}>
            <Icon name="download" />
            {label}
            {urls.length > 1 && ` ${index + 1}`}
          </a>
        ))}
      </>
    )
  return (
    <DownloadButton
      label={label}
      onDownload={async () => {
        for (const [index, url] of urls.entries()) save(await (await hub().send(url)).blob(), nameAt(index))
      }}
    />
  )
}

function Snippet({ name, text: code }: { readonly name: string; readonly text: string }) {
  return (
    <figure class="snippet">
      <figcaption class="row">
        <span class="spacer">{name}</span>
        <CopyButton text={code} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard */}
      <pre tabIndex={0} lang="en" data-snippet={name}>
        {code}
      </pre>
    </figure>
  )
}
