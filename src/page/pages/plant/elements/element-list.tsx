/** Elements below one another; collections are sections that can be closed. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Element } from '../../../../client/api/aas.ts'
import { linkToChart } from '../../../core/chart-address.ts'
import { formatNumber, textOf } from '../../../core/format.ts'
import { isNumeric } from '../../../core/format-value.ts'
import { Icon } from '../../../ui/icon.tsx'
import { elementName } from '../parts/element-name.ts'
import { type Child, childrenOf, childrenWithPaths } from '../parts/element-tree.ts'
import { conceptOf } from '../parts/names.ts'
import { RawJson, RawToggle } from '../parts/raw-json.tsx'
import { useElements } from './context.ts'
import { ElementContent } from './element-content.tsx'
import { ItemTable, tableOf } from './item-table.tsx'
import { elementMessages } from './messages.ts'
import { isEditable, ValueEditor } from './value-editor.tsx'

/** Larger groups are closed at first. */
const OPEN_ITEMS = 40

export function ElementList({ items }: { readonly items: readonly Child[] }) {
  if (items.length === 0) return <p class="muted">{elementMessages().empty}</p>
  return (
    <ul class="elements">
      {items.map(({ element, path }) => (
        <ElementItem key={path} element={element} path={path} />
      ))}
    </ul>
  )
}

export function ElementItem({ element, path }: Child) {
  const text = elementMessages()
  const { submodel, canEdit, changed } = useElements()
  const [mode, setMode] = useState<'view' | 'edit' | 'json'>('view')
  const name = elementName(element, path)
  const isGroup = ['SubmodelElementCollection', 'SubmodelElementList'].includes(element.modelType)
  const actions = (
    <span class="element-actions">
      {canEdit && isEditable(element) && (
        <button
          type="button"
          class="icon-button"
          aria-label={text.edit(name)}
          title={text.edit(name)}
          aria-expanded={mode === 'edit'}
          onClick={() => setMode(mode === 'edit' ? 'view' : 'edit')}
        >
          <Icon name="edit" />
        </button>
      )}
      {element.modelType === 'Property' && isNumeric(element.valueType) && (
        <a
          class="icon-button"
          href={linkToChart([{ submodel, path }])}
          aria-label={text.chart(name)}
          title={text.chart(name)}
        >
          <Icon name="chart" />
        </a>
      )}
      <RawToggle name={name} isOpen={mode === 'json'} onToggle={() => setMode(mode === 'json' ? 'view' : 'json')} />
    </span>
  )
  return (
    <li class="element" data-kind={element.modelType} data-path={path} data-changed={changed.has(path)}>
      {isGroup ? (
        <Group element={element} path={path} name={name} actions={actions} />
      ) : (
        <div class="element-line">
          <ElementLabel element={element} name={name} />
          <div class="element-value">
            {mode === 'edit' ? (
              <ValueEditor element={element} path={path} name={name} onDone={() => setMode('view')} />
            ) : (
              <ElementContent element={element} path={path} name={name} />
            )}
          </div>
          {actions}
        </div>
      )}
      {mode === 'json' && <RawJson value={element} />}
      {!isGroup && childrenOf(element).length > 0 && <ElementList items={childrenWithPaths(element, path)} />}
    </li>
  )
}

interface GroupProps extends Child {
  readonly name: string
  readonly actions: ComponentChildren
}

function Group({ element, path, name, actions }: GroupProps) {
  const text = elementMessages()
  const items = childrenWithPaths(element, path)
  const table = tableOf(items)
  return (
    <div class="element-group">
      <details open={items.length <= OPEN_ITEMS}>
        <summary>
          <Icon name="chevron" />
          <ElementLabel element={element} name={name} />
          <span class="badge">{text.items(formatNumber(items.length))}</span>
        </summary>
        {table === undefined ? <ElementList items={items} /> : <ItemTable table={table} label={name} />}
      </details>
      {actions}
    </div>
  )
}

function ElementLabel({ element, name }: { readonly element: Element; readonly name: string }) {
  const meaning = textOf(element.description) ?? textOf(conceptOf(element.semanticId)?.definition)
  return (
    <div class="element-label">
      <span class="element-name">{withBreaks(name)}</span>
      {element.idShort !== undefined && element.idShort !== name && (
        <code class="muted">{withBreaks(element.idShort)}</code>
      )}
      {meaning !== undefined && <span class="element-meaning">{meaning}</span>}
    </div>
  )
}

/** Long names of the standard break where a new word begins: `ManufacturerName`. */
function withBreaks(name: string): ComponentChildren {
  return name.split(/(?<=[a-z\d])(?=[A-Z])/).map((word, index) => [index > 0 && <wbr />, word])
}
