import { definePage } from '../../page-definition.ts'
import { connectionMessages } from './messages.ts'

export default definePage({
  path: 'connections',
  title: () => connectionMessages().title,
  order: 45,
  icon: 'plug',
  isFor: ({ roles, isOpen }) => isOpen || roles.some((role) => role === 'administrator' || role === 'auditor'),
  load: () => import('./connections.tsx')
})
