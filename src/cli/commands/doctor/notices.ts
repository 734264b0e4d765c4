import { dayMs } from '../../../domain/moment.ts'
import type { NoticeHealth } from '../../../domain/notice.ts'
import { plural } from '../../../domain/plural.ts'
import { type Examination, type Finding, note, opened, orOk } from './findings.ts'

/** Whether those who want to be told what happens are. Says nothing where nobody wants to be. */
export function checkNotices(call: Examination): Promise<readonly Finding[]> {
  return opened(call, [], async ({ store }) => {
    const rules = await store.noticeHealth(call.io.now() - dayMs)
    if (rules.length === 0) return []
    const waiting = rules.reduce((sum, rule) => sum + rule.waiting, 0)
    return orOk(rules.flatMap(failing), `${plural(rules.length, 'receiver')}, ${waiting} waiting`)
  })
}

const failing = ({ rule, failed, detail = '' }: NoticeHealth): readonly Finding[] =>
  failed === 0
    ? []
    : [
        note(
          `${plural(failed, 'notice')} to "${rule}" did not arrive in the last day: ${detail}`,
          'mend the rule of that name in "notify" of the configuration, or its receiver; GET /api/notices lists them',
        ),
      ]
