import { definePage, isAdministratorOrAuditor } from '../../page-definition.ts'
import { complianceMessages } from './messages.ts'

export default definePage({
  path: 'compliance',
  title: () => complianceMessages().title,
  order: 60,
  icon: 'clipboard',
  isFor: isAdministratorOrAuditor,
  load: () => import('./compliance.tsx')
})
