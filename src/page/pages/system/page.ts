import { definePage } from '../../page-definition.ts'
import { systemMessages } from './messages.ts'

export default definePage({
  path: 'system',
  title: () => systemMessages().title,
  order: 90,
  icon: 'chart',
  isFor: ({ roles, isOpen }) => isOpen || roles.some((role) => role === 'administrator' || role === 'auditor'),
  load: () => import('./system.tsx')
})
