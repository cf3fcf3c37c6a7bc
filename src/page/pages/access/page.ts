import { definePage, isAdministratorOrAuditor } from '../../page-definition.ts'
import { accessMessages } from './messages.ts'

export default definePage({
  path: 'access',
  title: () => accessMessages().title,
  order: 80,
  icon: 'key',
  isFor: isAdministratorOrAuditor,
  load: () => import('./access.tsx')
})
