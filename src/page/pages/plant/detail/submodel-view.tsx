/** A submodel, or one of its elements: nameplates as nameplates, documents as documents, and all elements. */
import { useState } from 'preact/hooks'
import type { Reference, SubmodelDocument } from '../../../../client/api/aas.ts'
import { textOf } from '../../../core/format.ts'
import { config } from '../../../core/hub.ts'
import { connection } from '../../../core/live.ts'
import { caller, roles } from '../../../core/session.ts'
import { Failure } from '../../../ui/failure.tsx'
import { Loading } from '../../../ui/loading.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Elements } from '../elements/context.ts'
import { ElementItem, ElementList } from '../elements/element-list.tsx'
import { linkToSelection } from '../parts/address.ts'
import { findElement, rootsOf, stepsOf } from '../parts/element-tree.ts'
import { nameOf } from '../parts/names.ts'
import { RawJson, RawToggle } from '../parts/raw-json.tsx'
import { useSubmodel } from '../parts/use-submodel.ts'
import { Documents, documentsOf } from './documents.tsx'
import { detailMessages } from './messages.ts'
import { isNameplate, Nameplate } from './nameplate.tsx'

export interface SubmodelViewProps {
  readonly id: string
  readonly shell: string | undefined
  /** idShortPath of an element; undefined: the whole submodel. */
  readonly path: string | undefined
}

export function SubmodelView({ id, shell, path }: SubmodelViewProps) {
  const text = detailMessages()
  const { value: submodel, error, reload, changed } = useSubmodel(id)
  const [isRaw, setRaw] = useState(false)
  if (error !== undefined) return <Failure error={error} onRetry={reload} />
  if (submodel === undefined) return <Loading label={text.loading} />
  const name = nameOf(submodel, id)
  const description = textOf(submodel.description)
  return (
    <Elements.Provider value={{ submodel: id, canEdit: mayEdit(), changed }}>
      <article>
        <header class="detail-head">
          <div class="detail-title">
            <h1>{name}</h1>
            {description !== undefined && <p class="muted">{description}</p>}
            <p class="row">
              {submodel.kind === 'Template' && <span class="badge accent">{text.template}</span>}
              {connection.value !== 'idle' && (
                <span class={`badge ${connection.value === 'open' ? 'good' : 'warning'}`} role="status">
                  {connection.value === 'open' ? text.live : text.offline}
                </span>
              )}
            </p>
          </div>
          <RawToggle name={name} isOpen={isRaw} onToggle={() => setRaw(!isRaw)} />
        </header>
        {isRaw && <RawJson value={submodel} />}
        {path === undefined ? (
          <WholeSubmodel submodel={submodel} />
        ) : (
          <OneElement submodel={submodel} shell={shell} path={path} />
        )}
      </article>
    </Elements.Provider>
  )
}

function WholeSubmodel({ submodel }: { readonly submodel: SubmodelDocument }) {
  const text = detailMessages()
  const items = rootsOf(submodel)
  const documents = documentsOf(items)
  return (
    <>
      {isNameplate(submodel) && <Nameplate submodel={submodel} />}
      {documents.length > 0 && <Documents documents={documents} />}
      <section class="card" aria-labelledby="all-elements">
        <h2 id="all-elements">{text.allElements}</h2>
        <ElementList items={items} />
      </section>
      <SubmodelFacts submodel={submodel} />
    </>
  )
}

interface OneElementProps {
  readonly submodel: SubmodelDocument
  readonly shell: string | undefined
  readonly path: string
}

function OneElement({ submodel, shell, path }: OneElementProps) {
  const text = detailMessages()
  const element = findElement(submodel, path)
  return (
    <section class="card">
      <nav aria-label={text.breadcrumbs} class="breadcrumbs">
        <a href={linkToSelection({ shell, submodel: submodel.id })}>{nameOf(submodel, submodel.id)}</a>
        {trailOf(path).map(({ name, path: to }) => (
          <span key={to}>
            {' › '}
            {to === path ? (
              <span aria-current="page">{name}</span>
            ) : (
              <a href={linkToSelection({ shell, submodel: submodel.id, path: to })}>{name}</a>
            )}
          </span>
        ))}
      </nav>
      {element === undefined ? (
        <Notice kind="warning">{text.noElement}</Notice>
      ) : (
        <ul class="elements">
          <ElementItem element={element} path={path} />
        </ul>
      )}
    </section>
  )
}

function SubmodelFacts({ submodel }: { readonly submodel: SubmodelDocument }) {
  const text = detailMessages()
  const { id, semanticId, administration } = submodel
  const version = [administration?.version, administration?.revision].filter((one) => one !== undefined).join('.')
  return (
    <section class="card" aria-label={text.identifier}>
      <dl class="facts">
        <dt>{text.identifier}</dt>
        <dd>
          <code>{id}</code>
        </dd>
        {semanticId !== undefined && (
          <>
            <dt>{text.semanticId}</dt>
            <dd>
              <code>{keysOf(semanticId)}</code>
            </dd>
          </>
        )}
        {version !== '' && (
          <>
            <dt>{text.version}</dt>
            <dd>{version}</dd>
          </>
        )}
      </dl>
    </section>
  )
}

function keysOf({ keys }: Reference): string {
  return keys.map(({ value }) => value).join(' › ')
}

function trailOf(path: string): { readonly name: string; readonly path: string }[] {
  let at = ''
  return stepsOf(path).map((step) => {
    at += typeof step === 'number' ? `[${step}]` : at === '' ? step : `.${step}`
    return { name: typeof step === 'number' ? `[${step}]` : step, path: at }
  })
}

/** Built-in roles that only read. What others may is said by the hub. */
const READERS: ReadonlySet<string> = new Set(['auditor', 'reader'])

function mayEdit(): boolean {
  if (config.value?.open === true) return true
  if (caller.value?.authentication === 'none') return false
  return roles.value.length === 0 || roles.value.some((role) => !READERS.has(role))
}
