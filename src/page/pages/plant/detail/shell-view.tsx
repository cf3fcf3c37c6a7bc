/** A shell: what it is about, and its submodels. */
import { Fragment } from 'preact'
import { useState } from 'preact/hooks'
import type { Shell } from '../../../../client/api/aas.ts'
import type { OnSent } from '../../../../client/api/http.ts'
import { readShell, writeThumbnail } from '../../../../client/api/repository.ts'
import { textOf } from '../../../core/format.ts'
import { hub } from '../../../core/hub.ts'
import { useLoad } from '../../../core/use-load.ts'
import { Failure } from '../../../ui/failure.tsx'
import { Icon } from '../../../ui/icon.tsx'
import { Loading } from '../../../ui/loading.tsx'
import { linkToSelection } from '../parts/address.ts'
import { FileSender } from '../parts/file-sender.tsx'
import { partMessages } from '../parts/messages.ts'
import { lastKeyOf, nameOf, submodelSummaries } from '../parts/names.ts'
import { RawJson, RawToggle } from '../parts/raw-json.tsx'
import { ReferenceLink, WebLink } from '../parts/reference-link.tsx'
import { forgetThumbnail, Thumbnail } from '../parts/thumbnail.tsx'
import { detailMessages } from './messages.ts'

export function ShellView({ id }: { readonly id: string }) {
  const text = detailMessages()
  const { value: shell, error, reload } = useLoad(id, (signal) => readShell(hub(), id, signal))
  const [isRaw, setRaw] = useState(false)
  // Of the picture.
  const [round, setRound] = useState(0)
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (shell === undefined) return <Loading label={text.loading} />
  const name = nameOf(shell, shell.id)
  const sendPicture = async (file: File, onSent: OnSent) => {
    await writeThumbnail(hub(), id, file, onSent)
    forgetThumbnail(id)
    setRound(round + 1)
    reload()
  }
  const description = textOf(shell.description)
  return (
    <article>
      <header class="detail-head">
        <span class="detail-image">
          <Thumbnail key={round} shell={id} isNamed={shell.assetInformation.defaultThumbnail !== undefined} size={96} />
        </span>
        <div class="detail-title">
          <h1>{name}</h1>
          {description !== undefined && <p class="muted">{description}</p>}
          <FileSender label={text.uploadPicture} accept="image/*" onSend={sendPicture} />
        </div>
        <RawToggle name={name} isOpen={isRaw} onToggle={() => setRaw(!isRaw)} />
      </header>
      {isRaw && <RawJson value={shell} />}
      <AssetFacts shell={shell} />
      <h2>{text.submodels}</h2>
      <SubmodelCards shell={shell} />
    </article>
  )
}

function AssetFacts({ shell }: { readonly shell: Shell }) {
  const text = detailMessages()
  const { assetInformation: asset, administration, derivedFrom } = shell
  const kind = asset.assetKind as 'Instance' | 'Type' | 'Role' | 'NotApplicable'
  return (
    <section class="card" aria-label={text.asset}>
      <dl class="facts">
        <dt>{text.kind}</dt>
        <dd>{text[kind] ?? kind}</dd>
        {asset.globalAssetId !== undefined && (
          <>
            <dt>{text.globalAssetId}</dt>
            <dd>
              <WebLink text={asset.globalAssetId} />
            </dd>
          </>
        )}
        {asset.assetType !== undefined && (
          <>
            <dt>{text.assetType}</dt>
            <dd>{asset.assetType}</dd>
          </>
        )}
        {asset.specificAssetIds?.map(({ name, value }) => (
          <Fragment key={name + value}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
        {derivedFrom !== undefined && (
          <>
            <dt>{text.derivedFrom}</dt>
            <dd>
              <ReferenceLink reference={derivedFrom} />
            </dd>
          </>
        )}
        <dt>{text.identifier}</dt>
        <dd>
          <code>{shell.id}</code>
        </dd>
        {administration?.version !== undefined && (
          <>
            <dt>{text.version}</dt>
            <dd>{[administration.version, administration.revision].filter((one) => one !== undefined).join('.')}</dd>
          </>
        )}
      </dl>
    </section>
  )
}

function SubmodelCards({ shell }: { readonly shell: Shell }) {
  const text = detailMessages()
  const ids = (shell.submodels ?? []).flatMap((reference) => lastKeyOf(reference) ?? [])
  if (ids.length === 0) return <p class="muted">{text.noSubmodels}</p>
  return (
    <ul class="submodel-cards">
      {ids.map((id) => {
        const summary = submodelSummaries.get(id)
        const isMissing = summary === null
        return (
          <li key={id}>
            <a class="card submodel-card" href={linkToSelection({ shell: shell.id, submodel: id })}>
              <Icon name="submodel" />
              <span class="tree-text">
                <span class="submodel-card-name">{nameOf(summary, id)}</span>
                <span class="tree-detail">
                  {isMissing ? partMessages().notHere : (textOf(summary?.description) ?? id)}
                </span>
              </span>
            </a>
          </li>
        )
      })}
    </ul>
  )
}
