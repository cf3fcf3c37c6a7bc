import { definePage, isAdministratorOrAuditor } from '../../page-definition.ts'
import { auditMessages } from './messages.ts'

export default definePage({
  path: 'audit',
  title: () => auditMessages().title,
  order: 70,
  icon: 'history',
  // An open hub knows no callers, so it records nothing.
  isFor: (reader) => !reader.isOpen && isAdministratorOrAuditor(reader),
  load: () => import('./audit.tsx')
})
