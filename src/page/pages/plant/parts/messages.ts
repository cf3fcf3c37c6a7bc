import { defineMessages } from '../../../core/messages.ts'

export const partMessages = defineMessages(
  {
    chooseFile: 'Upload',
    json: 'JSON',
    showJson: (name: string) => `Show ${name} as JSON`,
    item: (index: string) => `Item ${index}`,
    notHere: 'not in this hub, or not for you'
  },
  {
    ko: {
      chooseFile: '업로드',
      json: 'JSON',
      showJson: (name) => `${name} JSON 보기`,
      item: (index) => `항목 ${index}`,
      notHere: '이 허브에 없거나 볼 권한이 없음'
    }
  }
)
