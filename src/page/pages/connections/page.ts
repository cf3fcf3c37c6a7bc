import { definePage, isAdministratorOrAuditor } from '../../page-definition.ts'
import { connectionMessages } from './messages.ts'

export default definePage({
  path: 'connections',
  title: () => connectionMessages().title,
  order: 45,
  icon: 'plug',
  isFor: isAdministratorOrAuditor,
  load: () => import('./connections.tsx')
})
