import { definePage } from '../../page-definition.ts'
import { uploadMessages } from './messages.ts'

export default definePage({
  path: 'upload',
  title: () => uploadMessages().title,
  order: 15,
  icon: 'upload',
  isFor: ({ mayUpload }) => mayUpload,
  load: () => import('./upload.tsx')
})
