/** The plant: a tree at the left, what is selected at the right; on a narrow screen one of them. */

import type { PageProps } from '../../page-definition.ts'
import { Icon } from '../../ui/icon.tsx'
import { detailMessages } from './detail/messages.ts'
import { ShellView } from './detail/shell-view.tsx'
import { SubmodelView } from './detail/submodel-view.tsx'
import { plantMessages } from './messages.ts'
import { linkToSelection } from './parts/address.ts'
import { TreePane } from './tree/tree-pane.tsx'
import './plant.css'
import './elements/elements.css'

export default function Plant({ params }: PageProps) {
  const text = detailMessages()
  const { shell, submodel, path } = params
  const selection = { shell, submodel, path }
  const hasSelection = shell !== undefined || submodel !== undefined
  return (
    <div class="plant" data-selected={hasSelection}>
      {/* What is selected has its own. */}
      {!hasSelection && <h1 class="visually-hidden">{plantMessages().title}</h1>}
      <TreePane params={params} selection={selection} />
      <div class="plant-detail">
        {hasSelection && (
          <a class="button small plant-back" href={linkToSelection(submodel === undefined ? {} : { shell })}>
            <Icon name="back" />
            {text.back}
          </a>
        )}
        {submodel !== undefined ? (
          <SubmodelView key={submodel} id={submodel} shell={shell} path={path} />
        ) : shell !== undefined ? (
          <ShellView id={shell} />
        ) : (
          <section class="empty">
            <Icon name="shell" />
            <h2>{text.choose}</h2>
            <p>{text.chooseHow}</p>
          </section>
        )}
      </div>
    </div>
  )
}
