import { definePage, isAdministratorOrAuditor } from '../../page-definition.ts'
import { systemMessages } from './messages.ts'

export default definePage({
  path: 'system',
  title: () => systemMessages().title,
  order: 90,
  icon: 'chart',
  isFor: isAdministratorOrAuditor,
  load: () => import('./system.tsx')
})
