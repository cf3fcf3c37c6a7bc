/** Users, API keys and access rules: read by auditors, changed by administrators. */
import { config } from '../../core/hub.ts'
import { roles } from '../../core/session.ts'
import type { PageProps } from '../../page-definition.ts'
import { PageHead } from '../../ui/page-head.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { KeysView } from './keys-view.tsx'
import { accessMessages } from './messages.ts'
import { RulesView } from './rules-view.tsx'
import { UsersView } from './users-view.tsx'
import './access.css'

const VIEWS = { users: UsersView, keys: KeysView, rules: RulesView } as const
type ViewName = keyof typeof VIEWS

export default function Access({ params }: PageProps) {
  const text = accessMessages()
  const isOpen = config.value?.open === true
  const view: ViewName = Object.hasOwn(VIEWS, params.view ?? '') ? (params.view as ViewName) : 'users'
  const View = VIEWS[view]
  return (
    <>
      <PageHead title={text.title} about={text.about} />
      <Tabs
        label={text.views}
        path="access"
        chosen={view}
        views={[
          ['users', text.users],
          ['keys', text.keys],
          ['rules', text.rules]
        ]}
      />
      <View params={params} mayChange={isOpen || roles.value.includes('administrator')} isOpen={isOpen} />
    </>
  )
}
