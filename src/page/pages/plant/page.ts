import { definePage } from '../../page-definition.ts'
import { plantMessages } from './messages.ts'

export default definePage({
  path: 'plant',
  title: () => plantMessages().title,
  order: 10,
  icon: 'plant',
  load: () => import('./plant.tsx')
})
