import { definePage } from '../../page-definition.ts'
import { complianceMessages } from './messages.ts'

export default definePage({
  path: 'compliance',
  title: () => complianceMessages().title,
  order: 60,
  icon: 'clipboard',
  isFor: ({ roles, isOpen }) => isOpen || roles.some((role) => role === 'administrator' || role === 'auditor'),
  load: () => import('./compliance.tsx')
})
