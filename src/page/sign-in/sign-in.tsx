/** Sign in: a user of the hub, an API key, or an identity provider. */
import { useState } from 'preact/hooks'
import { ApiError } from '../../client/api/http.ts'
import { canSignIn } from '../../client/api/oidc.ts'
import type { SignInProvider } from '../../client/api/session.ts'
import { config } from '../core/hub.ts'
import { leadToProvider } from '../core/oidc-session.ts'
import { continueAnonymously, type SignedOutReason, signIn, signInWithKey } from '../core/session.ts'
import { failureText } from '../ui/failure.tsx'
import { Notice } from '../ui/notice.tsx'
import { signInMessages } from './messages.ts'
import './sign-in.css'

type Method = 'user' | 'key'

export interface SignInProps {
  readonly why: SignedOutReason | undefined
  /** What an identity provider says. */
  readonly problem?: string | undefined
}

export function SignIn({ why, problem: refused }: SignInProps) {
  const text = signInMessages()
  const [method, setMethod] = useState<Method>('user')
  const [problem, setProblem] = useState<string | undefined>(refused)
  const [isBusy, setBusy] = useState(false)
  const attempt = async (action: () => Promise<void>) => {
    setBusy(true)
    setProblem(undefined)
    try {
      await action()
    } catch (error) {
      setProblem(problemText(error, method))
      setBusy(false)
    }
  }
  return (
    <section class="sign-in card" aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{text.title}</h1>
      {why !== undefined && problem === undefined && <Notice kind="info">{text[why]}</Notice>}
      {problem !== undefined && <Notice kind="error">{problem}</Notice>}
      {method === 'user' ? (
        <UserForm isBusy={isBusy} onSubmit={(user, password) => void attempt(() => signIn(user, password))} />
      ) : (
        <KeyForm isBusy={isBusy} onSubmit={(key) => void attempt(() => signInWithKey(key))} />
      )}
      <Providers isBusy={isBusy} onChoose={(provider) => void attempt(() => leadToProvider(provider))} />
      <div class="sign-in-more">
        <button
          type="button"
          class="link-button"
          onClick={() => {
            setMethod(method === 'user' ? 'key' : 'user')
            setProblem(undefined)
          }}
        >
          {method === 'user' ? text.withKey : text.withUser}
        </button>
        <button type="button" class="link-button" onClick={() => void attempt(continueAnonymously)}>
          {text.anonymously}
        </button>
      </div>
    </section>
  )
}

interface UserFormProps {
  readonly isBusy: boolean
  readonly onSubmit: (user: string, password: string) => void
}

function UserForm({ isBusy, onSubmit }: UserFormProps) {
  const text = signInMessages()
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        const form = new FormData(event.currentTarget)
        onSubmit(String(form.get('user')), String(form.get('password')))
      }}
    >
      <label class="field">
        <span>{text.user}</span>
        <input name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required />
      </label>
      <label class="field">
        <span>{text.password}</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit" class="button primary" disabled={isBusy}>
        {text.withPassword}
      </button>
    </form>
  )
}

function KeyForm({ isBusy, onSubmit }: { readonly isBusy: boolean; readonly onSubmit: (key: string) => void }) {
  const text = signInMessages()
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit(String(new FormData(event.currentTarget).get('key')).trim())
      }}
    >
      <label class="field">
        <span>{text.key}</span>
        <input name="key" type="password" autocomplete="off" spellcheck={false} required />
        <span class="field-hint">{text.keyHint}</span>
      </label>
      <button type="submit" class="button primary" disabled={isBusy}>
        {text.useKey}
      </button>
    </form>
  )
}

interface ProvidersProps {
  readonly isBusy: boolean
  readonly onChoose: (provider: SignInProvider) => void
}

function Providers({ isBusy, onChoose }: ProvidersProps) {
  const text = signInMessages()
  const { providers = [] } = config.value ?? {}
  if (providers.length === 0) return null
  return (
    <div class="sign-in-providers">
      <p class="muted">{text.or}</p>
      {canSignIn() ? (
        providers.map((provider) => (
          <button
            key={provider.issuer}
            type="button"
            class="button"
            disabled={isBusy}
            onClick={() => onChoose(provider)}
          >
            {text.provider(new URL(provider.issuer).host)}
          </button>
        ))
      ) : (
        <p class="field-hint">{text.needsHttps}</p>
      )}
    </div>
  )
}

function problemText(error: unknown, method: Method): string {
  const text = signInMessages()
  if (error instanceof ApiError && error.status === 401) return method === 'user' ? text.wrong : text.wrongKey
  if (error instanceof ApiError && error.status === 429) return text.tooMany
  return failureText(error)
}
