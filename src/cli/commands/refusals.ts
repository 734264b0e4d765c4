import type { DoorStore } from '../../domain/ports.ts'
import type { Refusal, RefusalFilter } from '../../domain/refusal.ts'
import { findGrant } from '../../manage/find-grant.ts'
import { type RefusalView, refusalView } from '../../manage/views.ts'
import { age, shortTime, streamedTime, wholeNumber } from '../arguments.ts'
import { type Call, type Command, type Flag, printList, withHome } from '../command.ts'
import type { Cell, Column } from '../output.ts'
import { requireKnownHook } from './delivery-filter.ts'

const filterFlags: readonly Flag[] = [
  { name: 'hook', value: 'NAME', complete: 'hooks', summary: 'only those of this hook' },
  { name: 'grant', value: 'grant-id', summary: 'only those of this grant; a unique beginning is enough' },
]

const details =
  'Wrong secrets and signatures, dead URLs, bodies that do not fit, limits, a full disk; and what the filter or preset of a hook ignored. The newest 1,000 are kept, at most 100 of one cause from one address. No server is needed.'

export const refusalCommands: readonly Command[] = [
  {
    name: 'refusals ls',
    summary: 'List the knocks that were turned away, and why, newest first.',
    details,
    flags: [...filterFlags, { name: 'limit', value: 'N', summary: 'how many; 50 unless given' }],
    examples: ['postern refusals ls', 'postern refusals ls --hook github --json'],
    run: runList,
  },
  {
    name: 'refusals tail',
    summary: 'Follow them live: one line for each.',
    details: 'Until ^C. With --json a line is one JSON object.',
    flags: [
      ...filterFlags,
      { name: 'lines', value: 'N', summary: 'how many to begin with; 10 unless given' },
    ],
    examples: ['postern refusals tail', 'postern refusals tail --hook github'],
    run: tailRefusals,
  },
]

type Store = Pick<DoorStore, 'listRefusals' | 'listGrants'>

async function filterOf(call: Call, store: Store): Promise<Omit<RefusalFilter, 'limit'>> {
  const { flags } = call
  const [grant, hook] = [flags.text('grant'), flags.text('hook')]
  if (hook !== undefined && (await store.listRefusals({ hook, limit: 1 })).length === 0)
    await requireKnownHook(call, hook)
  return { ...flags.pick('hook'), ...(grant !== undefined && { grant: (await findGrant(store, grant)).id }) }
}

function runList(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const limit = wholeNumber(call.flags.text('limit') ?? '50', '--limit', 1_000_000, 1)
    const refusals = await store.listRefusals({ ...(await filterOf(call, store)), limit })
    printList(call, columns, refusals.map(refusalView), 'Nothing was refused.')
  })
}

/** The doors of URLs are alike but for the grant. */
const shortDoorOf = ({ door, hook, grant }: RefusalView): string =>
  hook ?? (grant === null ? door : `grant ${grant.slice(0, 8)}`)

const columns: readonly Column<RefusalView>[] = [
  { title: 'TIME', right: true, cell: ({ at }) => shortTime(at), short: ({ at }, now) => age(at, now) },
  { title: 'STATUS', cell: statusCell },
  { title: 'DOOR', flexible: 14, cell: doorOf, short: shortDoorOf },
  { title: 'CAUSE', flexible: 16, cell: ({ cause }) => cause },
  { title: 'FROM', flexible: 10, goes: 1, cell: ({ peer }) => peer },
]

function statusCell({ code, status }: RefusalView): Cell {
  return code === 'ignored' ? { text: code, tone: 'faint' } : String(status)
}

function doorOf({ door, grant }: RefusalView): string {
  return grant === null ? door : `${door} ${grant.slice(0, 8)}`
}

export function tailRefusals(call: Call): Promise<void> {
  return withHome(call, async ({ store, nextLook }) => {
    const filter = await filterOf(call, store)
    const lines = wholeNumber(call.flags.text('lines') ?? '10', '--lines', 10_000)
    let after = showAll(call, (await store.listRefusals({ ...filter, limit: lines })).toReversed(), 0)
    if (lines === 0) after = (await store.listRefusals({ limit: 1 }))[0]?.seq ?? 0
    while (!call.io.stopping.aborted && !call.io.outputClosed()) {
      await nextLook(call.io.stopping)
      if (!(await store.changedElsewhere())) continue
      const newer = await store.listRefusals({ ...filter, after, oldestFirst: true, limit: 1000 })
      after = showAll(call, newer, after)
    }
  })
}

/** Oldest first; the place of the last one shown. */
function showAll(call: Call, refusals: readonly Refusal[], after: number): number {
  for (const refusal of refusals) show(call, refusalView(refusal))
  return refusals.at(-1)?.seq ?? after
}

function show({ out, json }: Call, view: RefusalView): void {
  if (json) return void out.jsonLine(view)
  const status = statusCell(view)
  out.row([
    streamedTime(view.at),
    { ...(typeof status === 'string' ? { text: status } : status), width: 7 },
    { text: doorOf(view), short: shortDoorOf(view), width: 20 },
    { text: view.peer, width: 15, from: 100 },
    view.cause,
  ])
}
