import { defineMessages } from '../../core/messages.ts'

export const plantMessages = defineMessages(
  {
    title: 'Plant',
    shells: 'Assets',
    none: 'There are no assets yet',
    noneHow: 'Upload a package, or let a gateway create them.'
  },
  {
    ko: {
      title: '공장',
      shells: '자산',
      none: '아직 자산이 없습니다',
      noneHow: '패키지를 업로드하거나 게이트웨이가 자산을 만들도록 하십시오.'
    }
  }
)
