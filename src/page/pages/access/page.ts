import { definePage } from '../../page-definition.ts'
import { accessMessages } from './messages.ts'

export default definePage({
  path: 'access',
  title: () => accessMessages().title,
  order: 80,
  icon: 'key',
  isFor: ({ roles, isOpen }) => isOpen || roles.some((role) => role === 'administrator' || role === 'auditor'),
  load: () => import('./access.tsx')
})
