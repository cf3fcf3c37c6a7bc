/** The users of the hub itself. */
import { useState } from 'preact/hooks'
import { changeUser, createUser, deleteUser, type HubUser, listUsers } from '../../../client/api/access.ts'
import { formatTime } from '../../core/format.ts'
import { hub } from '../../core/hub.ts'
import { replaceRoute } from '../../core/router.ts'
import { caller } from '../../core/session.ts'
import { useLoad } from '../../core/use-load.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Failure, failureText } from '../../ui/failure.tsx'
import { FilterBar, TextFilter } from '../../ui/filter-bar.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Loading } from '../../ui/loading.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type PagedColumn, PagedTable } from '../../ui/paged-table.tsx'
import { ClaimList, RoleChoice, rolesOf, roleText, withRoles } from './claims.tsx'
import { accessMessages } from './messages.ts'
import { useFiltered } from './use-filtered.ts'
import type { AccessViewProps } from './view-props.ts'

/** As the hub requires. */
const MIN_PASSWORD_LENGTH = 12
const MAX_PASSWORD_LENGTH = 512

type UserDialogState = { readonly is: 'new' } | { readonly is: 'change' | 'delete'; readonly user: HubUser }

export function UsersView({ params, mayChange, isOpen }: AccessViewProps) {
  const text = accessMessages()
  const loaded = useLoad('users', (signal) => listUsers(hub(), signal))
  const [dialog, setDialog] = useState<UserDialogState>()
  const [problem, setProblem] = useState<string>()
  const list = useFiltered(loaded, params.q ?? '', ({ name, claims }) =>
    [name, ...rolesOf(claims), ...rolesOf(claims).map(roleText)].join(' ')
  )
  const lock = async ({ name, disabled }: HubUser) => {
    try {
      await changeUser(hub(), { name, disabled: disabled !== true })
      setProblem(undefined)
    } catch (error) {
      setProblem(failureText(error))
    }
    loaded.reload()
  }
  const done = () => {
    setDialog(undefined)
    // From the first user on, callers have to sign in.
    if (isOpen) location.reload()
    else loaded.reload()
  }
  const close = () => setDialog(undefined)
  return (
    <>
      <div class="access-bar">
        <FilterBar label={text.filterUsers}>
          <TextFilter
            label={text.search}
            value={params.q ?? ''}
            onChange={(q) => replaceRoute('access', { ...params, q })}
          />
        </FilterBar>
        {mayChange && (
          <button type="button" class="button primary" onClick={() => setDialog({ is: 'new' })}>
            <Icon name="user" />
            {text.newUser}
          </button>
        )}
      </div>
      {isOpen && <Notice kind="info">{text.firstUser}</Notice>}
      {problem !== undefined && <Notice kind="error">{problem}</Notice>}
      {loaded.error !== undefined && <Failure error={loaded.error} onRetry={loaded.reload} />}
      {loaded.value === undefined && loaded.error === undefined && <Loading label={text.loading} />}
      {loaded.value !== undefined && (
        <PagedTable
          label={text.users}
          list={list}
          columns={columns(mayChange, setDialog, (user) => void lock(user))}
          keyOf={({ name }) => name}
          empty={<p>{loaded.value.length === 0 ? text.noUsers : text.noneMatches}</p>}
        />
      )}
      {dialog?.is === 'new' && <UserDialog isFirst={isOpen} onClose={close} onDone={done} />}
      {dialog?.is === 'change' && <UserDialog user={dialog.user} onClose={close} onDone={done} />}
      {dialog?.is === 'delete' && (
        <FormDialog
          title={text.deleteUser(dialog.user.name)}
          action={text.delete}
          isDangerous
          onClose={close}
          onSubmit={() => deleteUser(hub(), dialog.user.name).then(done)}
        >
          <p>{text.deleteUserHow}</p>
        </FormDialog>
      )}
    </>
  )
}

function columns(
  mayChange: boolean,
  open: (dialog: UserDialogState) => void,
  onLock: (user: HubUser) => void
): readonly PagedColumn<HubUser>[] {
  const text = accessMessages()
  const isCaller = (user: HubUser) => caller.value?.name === `user:${user.name}`
  const actions: PagedColumn<HubUser> = {
    heading: text.actions,
    cell: (user) => (
      <span class="row">
        <button
          type="button"
          class="button small"
          aria-label={text.changeOf(user.name)}
          onClick={() => open({ is: 'change', user })}
        >
          {text.change}
        </button>
        {/* Who locks himself out cannot take it back. */}
        {!isCaller(user) && (
          <>
            <button
              type="button"
              class="button small"
              aria-label={user.disabled ? text.unlockOf(user.name) : text.lockOf(user.name)}
              onClick={() => onLock(user)}
            >
              {user.disabled ? text.unlock : text.lock}
            </button>
            <button
              type="button"
              class="button small"
              aria-label={text.deleteOf(user.name)}
              onClick={() => open({ is: 'delete', user })}
            >
              {text.delete}
            </button>
          </>
        )}
      </span>
    )
  }
  return [
    {
      heading: text.user,
      cell: (user) => (
        <span class="row">
          <strong>{user.name}</strong>
          {isCaller(user) && <span class="badge">{text.you}</span>}
          {user.disabled && <span class="badge error">{text.locked}</span>}
        </span>
      )
    },
    { heading: text.roles, cell: ({ claims }) => <ClaimList claims={claims} /> },
    { heading: text.created, cell: ({ created }) => formatTime(created) },
    {
      heading: text.passwordChanged,
      cell: ({ passwordChanged }) => (passwordChanged === undefined ? '–' : formatTime(passwordChanged))
    },
    ...(mayChange ? [actions] : [])
  ]
}

interface UserDialogProps {
  /** Absent: a new one. */
  readonly user?: HubUser
  /** The first user of a hub has to be an administrator. */
  readonly isFirst?: boolean
  readonly onClose: () => void
  readonly onDone: () => void
}

function UserDialog({ user, isFirst = false, onClose, onDone }: UserDialogProps) {
  const text = accessMessages()
  const [name, setName] = useState(user?.name ?? '')
  const [password, setPassword] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>(
    user === undefined ? [isFirst ? 'administrator' : 'operator'] : rolesOf(user.claims)
  )
  const isPasswordFit = password.length >= MIN_PASSWORD_LENGTH || (user !== undefined && password === '')
  const save = async () => {
    const claims = withRoles(user?.claims ?? {}, chosen)
    if (user === undefined) await createUser(hub(), { name, password, claims })
    else await changeUser(hub(), { name, claims, ...(password !== '' && { password }) })
    onDone()
  }
  return (
    <FormDialog
      title={user === undefined ? text.newUser : text.changeOf(user.name)}
      action={user === undefined ? text.create : text.save}
      isComplete={name !== '' && isPasswordFit}
      onClose={onClose}
      onSubmit={save}
    >
      {user === undefined && (
        <label class="field">
          <span>{text.name}</span>
          <input
            value={name}
            maxLength={64}
            autocomplete="off"
            required
            onInput={({ currentTarget }) => setName(currentTarget.value.trim())}
          />
          <span class="field-hint">{text.nameHint}</span>
        </label>
      )}
      <label class="field">
        <span>{user === undefined ? text.password : text.newPassword}</span>
        <input
          type="password"
          value={password}
          maxLength={MAX_PASSWORD_LENGTH}
          autocomplete="new-password"
          aria-invalid={password !== '' && !isPasswordFit}
          onInput={({ currentTarget }) => setPassword(currentTarget.value)}
        />
        <span class="field-hint">{user === undefined ? text.passwordHint : text.newPasswordHint}</span>
      </label>
      <RoleChoice chosen={chosen} onChange={setChosen} />
    </FormDialog>
  )
}
