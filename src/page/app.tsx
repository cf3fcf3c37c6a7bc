/** The frame around every page: header, navigation, main. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { config } from './core/hub.ts'
import { route } from './core/router.ts'
import { mayUpload, roles, session } from './core/session.ts'
import { Header } from './header.tsx'
import { frameMessages } from './messages.ts'
import { Navigation } from './navigation.tsx'
import type { PageDefinition } from './page-definition.ts'
import { PageView } from './page-view.tsx'
import { pageAt, pagesFor } from './pages.ts'
import { SignIn } from './sign-in/sign-in.tsx'
import { Failure } from './ui/failure.tsx'
import { Loading } from './ui/loading.tsx'
import { Notice } from './ui/notice.tsx'

export function App() {
  const text = frameMessages()
  const isOpen = config.value?.open === true
  const isReady = session.value.is === 'ready'
  const reader = { roles: roles.value, isOpen, mayUpload: mayUpload.value }
  const page = isReady ? pageAt(route.value.path, reader) : undefined
  const [isMenuOpen, setMenuOpen] = useState(false)
  const main = useRef<HTMLElement>(null)
  useTitle(page, isReady)
  useFocusOnNewPage(main, page?.path)

  return (
    <div class="frame" data-signed-in={isReady}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {text.skip}
      </button>
      <Header hasMenu={isReady} isMenuOpen={isMenuOpen} onMenu={() => setMenuOpen(!isMenuOpen)} />
      {isReady && (
        <Navigation
          pages={pagesFor(reader)}
          current={page?.path}
          isOpen={isMenuOpen}
          onClose={() => setMenuOpen(false)}
        />
      )}
      <main id="main" ref={main} tabIndex={-1}>
        {isOpen && isReady && (
          <Notice kind="warning">
            {text.openHub} {text.openHubHow}
          </Notice>
        )}
        <Content page={page} />
      </main>
    </div>
  )
}

function Content({ page }: { readonly page: PageDefinition | undefined }): ComponentChildren {
  const text = frameMessages()
  switch (session.value.is) {
    case 'starting':
      return <Loading label={text.starting} />
    case 'unreachable':
      return <Failure error={session.value.error} onRetry={() => location.reload()} />
    case 'signed-out':
      return <SignIn why={session.value.why} problem={session.value.problem} />
    case 'ready':
      if (page !== undefined) return <PageView key={page.path} page={page} params={route.value.params} />
      return (
        <section class="empty">
          <h1>{text.notFound}</h1>
          <p>{text.notFoundHow}</p>
          <a class="button" href="#/">
            {text.toStart}
          </a>
        </section>
      )
  }
}

function useTitle(page: PageDefinition | undefined, isReady: boolean): void {
  const text = frameMessages()
  const title = page?.title() ?? (isReady ? text.notFound : text.signIn)
  useEffect(() => {
    document.title = `${title} · ${text.product}`
  }, [title, text.product])
}

/** A screen reader goes on at the new page, not where the link was. The first page is read from its beginning. */
function useFocusOnNewPage(main: { readonly current: HTMLElement | null }, path: string | undefined): void {
  const last = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (last.current !== undefined && last.current !== path) main.current?.focus({ preventScroll: true })
    if (path !== undefined) last.current = path
  }, [main, path])
}
