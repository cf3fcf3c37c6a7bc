import { definePage } from '../../page-definition.ts'
import { documentMessages } from './messages.ts'

export default definePage({
  path: 'documents',
  title: () => documentMessages().title,
  order: 65,
  icon: 'file',
  // Gateways only send.
  isFor: ({ roles, isOpen }) => isOpen || roles.some((role) => role !== 'gateway'),
  load: () => import('./documents.tsx')
})
