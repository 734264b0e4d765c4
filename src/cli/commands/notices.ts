import type { NoticeState } from '../../domain/notice.ts'
import { type NoticeView, noticeView } from '../../manage/views.ts'
import { age, shortTime, stateNamed, wholeNumber } from '../arguments.ts'
import { type Call, type Command, printList, withHome } from '../command.ts'
import type { Cell, Column } from '../output.ts'

const states: readonly NoticeState[] = ['PENDING', 'DELIVERED', 'FAILED']

export const notices: Command = {
  name: 'notices ls',
  summary: 'List who was told what happened, and whether that arrived, newest first.',
  details:
    'One line for each message to a rule of `notify` in the configuration. What is settled is kept as long as deliveries are, the newest 10,000. No server is needed.',
  flags: [
    { name: 'state', value: 'STATE', complete: states, summary: 'PENDING, DELIVERED or FAILED' },
    { name: 'rule', value: 'NAME', summary: 'only those of this rule' },
    { name: 'limit', value: 'N', summary: 'how many; 50 unless given' },
  ],
  examples: [
    'postern notices ls',
    'postern notices ls --state FAILED',
    'postern notices ls --rule phone --json',
  ],
  run: runList,
}

function runList(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const { state } = call.flags.pick('state')
    const found = await store.listNotices({
      limit: wholeNumber(call.flags.text('limit') ?? '50', '--limit', 1_000_000, 1),
      ...(state !== undefined && { state: stateNamed(state, states) }),
      ...call.flags.pick('rule'),
    })
    printList(call, columns, found.map(noticeView), 'Nobody was told anything.')
  })
}

const tones: Readonly<Record<NoticeState, Exclude<Cell, string>['tone']>> = {
  PENDING: 'warn',
  DELIVERED: 'good',
  FAILED: 'bad',
}

const columns: readonly Column<NoticeView>[] = [
  { title: 'TIME', right: true, cell: ({ at }) => shortTime(at), short: ({ at }, now) => age(at, now) },
  { title: 'STATE', cell: ({ state }) => ({ text: state, tone: tones[state] }) },
  { title: 'RULE', flexible: 8, cell: ({ rule }) => rule },
  { title: 'EVENT', flexible: 11, cell: ({ event }) => event },
  { title: 'SESSION', flexible: 10, goes: 2, cell: ({ session }) => session ?? '' },
  { title: 'FAILURES', right: true, goes: 1, cell: ({ failures }) => (failures === 0 ? '' : `${failures}`) },
  { title: 'WHY', flexible: 16, goes: 3, cell: ({ detail }) => detail ?? '' },
]
