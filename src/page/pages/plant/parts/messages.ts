import { defineMessages } from '../../../core/messages.ts'

export const partMessages = defineMessages(
  {
    json: 'JSON',
    showJson: (name: string) => `Show ${name} as JSON`,
    item: (index: string) => `Item ${index}`
  },
  {
    ko: {
      json: 'JSON',
      showJson: (name) => `${name} JSON 보기`,
      item: (index) => `항목 ${index}`
    }
  }
)
