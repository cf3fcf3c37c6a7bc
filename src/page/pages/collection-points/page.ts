import { definePage } from '../../page-definition.ts'
import { collectionMessages } from './messages.ts'

export default definePage({
  path: 'collection-points',
  title: () => collectionMessages().title,
  order: 40,
  icon: 'gauge',
  load: () => import('./collection-points.tsx')
})
