/** The API keys of gateways and programs. */
import { useState } from 'preact/hooks'
import { type ApiKey, listKeys, revokeKey, type ShownApiKey } from '../../../client/api/access.ts'
import { formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { replaceRoute } from '../../core/router.ts'
import { useLoad } from '../../core/use-load.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Dialog, FormDialog } from '../../ui/dialog.tsx'
import { Failure } from '../../ui/failure.tsx'
import { FilterBar, TextFilter } from '../../ui/filter-bar.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type PagedColumn, PagedTable } from '../../ui/paged-table.tsx'
import { ClaimList, rolesOf, roleText } from './claims.tsx'
import { NewKeyDialog, RotateDialog } from './key-dialogs.tsx'
import { accessMessages } from './messages.ts'
import { useFiltered } from './use-filtered.ts'
import type { AccessViewProps } from './view-props.ts'

const DAY_MS = 86_400_000
/** Keys that expire within this time are marked. */
const SOON_MS = 30 * DAY_MS

type KeyDialogState =
  | { readonly is: 'new' }
  | { readonly is: 'rotate' | 'revoke'; readonly key: ApiKey }
  | { readonly is: 'shown'; readonly key: ShownApiKey }

export function KeysView({ params, mayChange, isOpen }: AccessViewProps) {
  const text = accessMessages()
  const loaded = useLoad('keys', (signal) => listKeys(hub(), signal))
  const [dialog, setDialog] = useState<KeyDialogState>()
  const list = useFiltered(loaded, params.q ?? '', ({ id, name, claims }) =>
    [id, name, ...Object.values(claims), ...rolesOf(claims).map(roleText)].join(' ')
  )
  const close = () => setDialog(undefined)
  const show = (key: ShownApiKey) => {
    setDialog({ is: 'shown', key })
    loaded.reload()
  }
  return (
    <>
      <div class="access-bar">
        <FilterBar label={text.filterKeys}>
          <TextFilter
            label={text.search}
            value={params.q ?? ''}
            onChange={(q) => replaceRoute('access', { ...params, q })}
          />
        </FilterBar>
        {mayChange && !isOpen && (
          <button type="button" class="button primary" onClick={() => setDialog({ is: 'new' })}>
            <Icon name="key" />
            {text.newKey}
          </button>
        )}
      </div>
      {isOpen && <Notice kind="info">{text.firstUser}</Notice>}
      {loaded.error !== undefined && <Failure error={loaded.error} onRetry={loaded.reload} />}
      {loaded.value === undefined && loaded.error === undefined && <Loading label={text.loading} />}
      {loaded.value !== undefined && (
        <PagedTable
          label={text.keys}
          list={list}
          columns={columns(mayChange, setDialog)}
          keyOf={({ id }) => id}
          empty={<p>{loaded.value.length === 0 ? text.noKeys : text.noneMatches}</p>}
        />
      )}
      {dialog?.is === 'new' && <NewKeyDialog onClose={close} onDone={show} />}
      {dialog?.is === 'rotate' && <RotateDialog apiKey={dialog.key} onClose={close} onDone={show} />}
      {dialog?.is === 'shown' && <ShownKey shown={dialog.key} onClose={close} />}
      {dialog?.is === 'revoke' && (
        <FormDialog
          title={text.revokeKey(dialog.key.name)}
          action={text.revoke}
          isDangerous
          onClose={close}
          onSubmit={async () => {
            await revokeKey(hub(), dialog.key.id)
            close()
            loaded.reload()
          }}
        >
          <p>{text.revokeHow}</p>
        </FormDialog>
      )}
    </>
  )
}

function ShownKey({ shown, onClose }: { readonly shown: ShownApiKey; readonly onClose: () => void }) {
  const text = accessMessages()
  return (
    <Dialog title={text.keyOf(shown.name)} onClose={onClose}>
      <Notice kind="warning">{text.shownOnce}</Notice>
      <code class="access-key">{shown.key}</code>
      <footer class="dialog-foot">
        <CopyButton text={shown.key} />
        <button type="button" class="button primary" onClick={onClose}>
          {text.kept}
        </button>
      </footer>
    </Dialog>
  )
}

function columns(mayChange: boolean, open: (dialog: KeyDialogState) => void): readonly PagedColumn<ApiKey>[] {
  const text = accessMessages()
  const actions: PagedColumn<ApiKey> = {
    heading: text.actions,
    cell: (key) => (
      <span class="row">
        <button
          type="button"
          class="button small"
          aria-label={text.rotateOf(key.name)}
          onClick={() => open({ is: 'rotate', key })}
        >
          {text.rotate}
        </button>
        <button
          type="button"
          class="button small"
          aria-label={text.revokeOf(key.name)}
          onClick={() => open({ is: 'revoke', key })}
        >
          {text.revoke}
        </button>
      </span>
    )
  }
  return [
    {
      heading: text.key,
      cell: ({ id, name, secrets }) => (
        <>
          <span class="row">
            <strong>{name}</strong>
            {secrets > 1 && <span class="badge warning">{text.grace}</span>}
          </span>
          <div class="muted mono">{id}</div>
        </>
      )
    },
    { heading: text.roles, cell: ({ claims }) => <ClaimList claims={claims} /> },
    { heading: text.created, cell: ({ created }) => formatTime(created) },
    { heading: text.expires, cell: ({ expires }) => <Expiry expires={expires} /> },
    ...(mayChange ? [actions] : [])
  ]
}

function Expiry({ expires }: { readonly expires: string | undefined }) {
  const text = accessMessages()
  if (expires === undefined) return <span class="muted">{text.never}</span>
  const leftMs = Date.parse(expires) - Date.now()
  return (
    <>
      {formatTime(expires)}{' '}
      {leftMs < SOON_MS && (
        <span class={`badge ${leftMs < 0 ? 'error' : 'warning'}`}>{leftMs < 0 ? text.expired : text.expiresSoon}</span>
      )}
    </>
  )
}
