import { defineMessages } from '../../core/messages.ts'

export const plantMessages = defineMessages({ title: 'Plant' }, { ko: { title: '공장' } })
