/** When the last backup was made, and when one was last restored as a drill. */
import type { Examiner } from '../examiner/examiner.ts'
import { figureOf } from '../examiner/examiner.ts'
import { checkOf, local, note, sectionOf } from '../examiner/verdict.ts'
import type { LocalText, ReportCheck, ReportSection } from '../report.ts'

const DAY_S = 24 * 60 * 60
const MAX_BACKUP_AGE_DAYS = 7
const MAX_DRILL_AGE_DAYS = 180

export async function examineBackup(examiner: Examiner): Promise<ReportSection> {
  if (examiner.facts.store === 'mongodb') {
    const text = local(
      'Backups are made by means of the database; the hub does not know of them',
      '백업은 데이터베이스 기능으로 수행하며 허브는 알 수 없습니다'
    )
    return sectionOf('backup', [checkOf('backup/last', 'unknown', text, [note(text.en, text.ko)])])
  }
  const isSound = (await examiner.metrics()).samples.value('aas_hub_restore_drill_sound') !== 0
  const drill = await ageCheck(examiner, {
    ...{ id: 'backup/restore-drill', metric: 'aas_hub_restore_drill_seconds', maxDays: MAX_DRILL_AGE_DAYS },
    never: local('No backup was ever restored as a drill', '복구 훈련 기록이 없음'),
    name: local('last restore drill', '최근 복구 훈련'),
    how: 'aas-hub check --restore-drill BACKUP'
  })
  return sectionOf('backup', [
    await ageCheck(examiner, {
      ...{ id: 'backup/last', metric: 'aas_hub_backup_seconds', maxDays: MAX_BACKUP_AGE_DAYS },
      never: local('No backup was ever made by the hub', '허브가 만든 백업이 없음'),
      name: local('last backup', '최근 백업'),
      how: 'aas-hub backup --to FOLDER'
    }),
    isSound
      ? drill
      : {
          ...drill,
          verdict: 'unmet',
          text: local('The last restore drill found damage', '최근 복구 훈련에서 손상 발견')
        }
  ])
}

interface AgeQuestion {
  readonly id: string
  readonly metric: string
  readonly maxDays: number
  readonly never: LocalText
  readonly name: LocalText
  readonly how: string
}

async function ageCheck(examiner: Examiner, question: AgeQuestion): Promise<ReportCheck> {
  const { id, metric, maxDays, never, name, how } = question
  const { asked, samples } = await examiner.metrics()
  const seconds = samples.value(metric)
  const howNote = note(`run: ${how}`, `실행: ${how}`)
  if (seconds === undefined) return checkOf(id, 'unmet', never, [asked.exchange, howNote])
  const time = new Date(seconds * 1000).toISOString()
  const days = (examiner.clock.milliseconds() / 1000 - seconds) / DAY_S
  const age = Math.max(0, Math.round(days * 10) / 10)
  return checkOf(
    id,
    days > maxDays ? 'unmet' : 'met',
    local(
      `${name.en}: ${time}, ${age} days ago; at most ${maxDays} days are expected`,
      `${name.ko}: ${time}, ${age}일 전(기준 ${maxDays}일 이내)`
    ),
    [figureOf(name.en, seconds, { asked, at: metric }, 's'), ...(days > maxDays ? [howNote] : [])]
  )
}
