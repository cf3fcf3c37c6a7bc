import { definePage } from '../../page-definition.ts'
import { uploadMessages } from './messages.ts'

export default definePage({
  path: 'upload',
  title: () => uploadMessages().title,
  order: 15,
  icon: 'upload',
  isFor: ({ isOpen, mayUpload }) => isOpen || mayUpload,
  load: () => import('./upload.tsx')
})
