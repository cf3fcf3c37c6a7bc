import { definePage } from '../../page-definition.ts'
import { validationMessages } from './messages.ts'

export default definePage({
  path: 'validation',
  title: () => validationMessages().title,
  order: 50,
  icon: 'check',
  load: () => import('./validation.tsx')
})
