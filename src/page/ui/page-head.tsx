/** The head of a page: what it is, what it is about, and what can be done with all of it. */
import type { ComponentChildren } from 'preact'

export interface PageHeadProps {
  readonly title: string
  readonly about: string
  /** At the end of the line. */
  readonly children?: ComponentChildren
}

export function PageHead({ title, about, children }: PageHeadProps) {
  return (
    <header class="page-head">
      <div class="spacer">
        <h1>{title}</h1>
        <p class="muted">{about}</p>
      </div>
      {children}
    </header>
  )
}
