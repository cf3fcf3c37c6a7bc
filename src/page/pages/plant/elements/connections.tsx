/** Elements that connect things: relationships, entities, events. */
import type { Element } from '../../../../client/api/aas.ts'
import { findShellsOfAsset } from '../../../../client/api/repository.ts'
import { hub } from '../../../core/hub.ts'
import { Icon } from '../../../ui/icon.tsx'
import { select } from '../parts/address.ts'
import { ReferenceLink } from '../parts/reference-link.tsx'
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
      {globalAssetId !== undefined && (
        <button type="button" class="link-button" onClick={() => void openAsset(globalAssetId)}>
          <Icon name="shell" /> {globalAssetId}
        </button>
      )}
    </span>
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

async function openAsset(globalAssetId: string): Promise<void> {
  const [shell] = await findShellsOfAsset(hub(), globalAssetId).catch(() => [])
  if (shell !== undefined) select({ shell: shell.id })
}
