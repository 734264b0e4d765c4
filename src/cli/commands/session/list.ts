import { type SessionView, sessionView } from '../../../manage/views.ts'
import { age, shortTime } from '../../arguments.ts'
import { type Call, printList, withHome } from '../../command.ts'
import type { Cell, Column } from '../../output.ts'
import { activitiesNow } from './activities.ts'
import { whyOf } from './show.ts'

export function runList(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const sessions = await home.store.listSessions()
    const [seen, { queues }, pauses] = await Promise.all([
      activitiesNow(call, home, sessions),
      home.store.counts(),
      home.store.listPauses(),
    ])
    const views = sessions.map((session) => sessionView(session, { queues, pauses }, seen.get(session.id)))
    const isOne = views.every(({ host }) => host === null)
    printList(
      call,
      isOne ? columns.filter((column) => column !== hostColumn) : columns,
      views,
      'No sessions.',
    )
  })
}

/** For who has more than one machine. */
const hostColumn: Column<SessionView> = { title: 'HOST', goes: 3, cell: ({ host }) => host ?? '-' }

const columns: readonly Column<SessionView>[] = [
  { title: 'ID', flexible: 12, cell: ({ id }) => id },
  { title: 'DRIVER', goes: 2, cell: ({ driver }) => driver },
  hostColumn,
  { title: 'STATE', cell: stateCell },
  { title: 'DOING', cell: activityCell },
  { title: 'QUEUE', right: true, goes: 4, cell: ({ queue }) => String(queue) },
  {
    title: 'OPENED',
    right: true,
    goes: 1,
    cell: ({ openedAt }) => shortTime(openedAt),
    short: ({ openedAt }, now) => age(openedAt, now),
  },
  {
    title: 'WHY',
    flexible: 16,
    goes: 5,
    cell: ({ asks, ...view }) => (asks === null ? whyOf(view) : `waits for ${asks}`),
  },
]

function stateCell({ state, pausedAt }: SessionView): Cell {
  if (pausedAt !== null && state !== 'ended') return { text: 'paused', tone: 'warn' }
  return { text: state, tone: state === 'live' ? 'good' : state === 'offline' ? 'warn' : 'faint' }
}

function activityCell({ activity }: SessionView): Cell {
  const text = activity ?? '-'
  return { text, tone: activity === 'blocked' ? 'bad' : activity === 'busy' ? 'warn' : 'faint' }
}
