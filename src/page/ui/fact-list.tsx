/** Names with their values. */
import type { ComponentChildren } from 'preact'

export interface FactListProps {
  /** Those whose value is undefined are left out. */
  readonly facts: readonly (readonly [name: string, value: ComponentChildren])[]
}

export function FactList({ facts }: FactListProps) {
  return (
    <dl class="fact-list">
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
