/** Elements that connect things: relationships, entities, events. */
import type { Element } from '../../../../client/api/aas.ts'
import { linkToSelection } from '../parts/address.ts'
import { nameOf, shellOfAsset } from '../parts/names.ts'
import { ReferenceLink, WebLink } from '../parts/reference-link.tsx'
import { Thumbnail } from '../parts/thumbnail.tsx'
import { elementMessages } from './messages.ts'

export function RelationshipContent({ element: { first, second } }: { readonly element: Element }) {
  return (
    <span class="relationship">
      <ReferenceLink reference={first} />
      <span class="relationship-to">
        <span aria-hidden="true">→</span> <span class="visually-hidden">{elementMessages().relation}</span>
      </span>
      <ReferenceLink reference={second} />
    </span>
  )
}

export function EntityContent({ element }: { readonly element: Element }) {
  const text = elementMessages()
  const { entityType, globalAssetId } = element
  return (
    <span class="row">
      <span class="badge">{entityType === 'SelfManagedEntity' ? text.selfManaged : text.coManaged}</span>
      {globalAssetId !== undefined && <AssetLink asset={globalAssetId} />}
    </span>
  )
}

/** To the shell of an asset, with its name and picture. */
function AssetLink({ asset }: { readonly asset: string }) {
  const shell = shellOfAsset(asset)
  if (!shell) return <WebLink text={asset} />
  return (
    <a class="asset-link" href={linkToSelection({ shell: shell.id })} title={asset}>
      <Thumbnail shell={shell.id} isNamed={shell.assetInformation.defaultThumbnail !== undefined} size={28} />
      {nameOf(shell, shell.id)}
    </a>
  )
}

export function EventContent({ element: { observed, direction, state } }: { readonly element: Element }) {
  const text = elementMessages()
  return (
    <dl class="facts">
      <dt>{text.observed}</dt>
      <dd>
        <ReferenceLink reference={observed} />
      </dd>
      <dt>{text.direction}</dt>
      <dd>{direction === 'input' ? text.input : text.output}</dd>
      <dt>{text.state}</dt>
      <dd>{state === 'on' ? text.on : text.off}</dd>
    </dl>
  )
}
