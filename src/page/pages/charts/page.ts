import { CHARTS } from '../../core/chart-address.ts'
import { definePage } from '../../page-definition.ts'
import { chartMessages } from './messages.ts'

export default definePage({
  path: CHARTS,
  title: () => chartMessages().title,
  order: 20,
  icon: 'chart',
  load: () => import('./charts.tsx')
})
