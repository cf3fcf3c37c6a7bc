import { definePage, looksAfterMachines } from '../../page-definition.ts'
import { connectionMessages } from './messages.ts'

export default definePage({
  path: 'connections',
  title: () => connectionMessages().title,
  order: 45,
  icon: 'plug',
  isFor: looksAfterMachines,
  load: () => import('./connections.tsx')
})
