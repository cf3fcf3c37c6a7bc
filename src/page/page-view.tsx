/** A page, loaded when it is first opened. What it throws while it renders is shown instead of it. */
import { Component, type ComponentChildren } from 'preact'
import type { RouteParams } from './core/router.ts'
import { useLoad } from './core/use-load.ts'
import { frameMessages } from './messages.ts'
import type { PageDefinition } from './page-definition.ts'
import { Failure } from './ui/failure.tsx'
import { Loading } from './ui/loading.tsx'
import { Notice } from './ui/notice.tsx'

export interface PageViewProps {
  readonly page: PageDefinition
  readonly params: RouteParams
}

export function PageView({ page, params }: PageViewProps) {
  const { value, error, reload } = useLoad(page.path, () => page.load())
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (value === undefined) return <Loading label={page.title()} />
  const { default: Page } = value
  return (
    <Boundary>
      <Page params={params} />
    </Boundary>
  )
}

class Boundary extends Component<{ readonly children: ComponentChildren }, { readonly error?: Error }> {
  static override getDerivedStateFromError(error: Error) {
    return { error }
  }

  override componentDidCatch(error: Error): void {
    console.error(error)
  }

  render() {
    const { error } = this.state
    if (error === undefined) return this.props.children
    return (
      <Notice kind="error">
        {frameMessages().crashed} <code>{error.message}</code>
      </Notice>
    )
  }
}
