import type { DeliveryId, DeliveryRecord } from '../../domain/delivery.ts'
import { withoutFence } from '../../domain/fence.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { findDeliveryId, purgeDelivery, replayDelivery, showDelivery } from '../../manage/deliveries.ts'
import { type DeliveryView, deliveryView, recordView } from '../../manage/views.ts'
import { age, shortTime, wholeNumber } from '../arguments.ts'
import { type Call, type Command, printList, requestServer, withHome } from '../command.ts'
import type { Column } from '../output.ts'
import type { Tone } from '../table.ts'
import { runCancel, runRetry } from './delivery-acts.ts'
import { filterFlags, filterOf } from './delivery-filter.ts'
import { printQueued, printRecord } from './delivery-record.ts'

const yes = { name: 'yes', summary: 'do not ask first; needed where nobody can answer' } as const

const id = {
  name: 'delivery-id',
  summary: 'its id, whd_…, or a unique beginning of it',
  required: true,
} as const
const someId = 'whd_0VxK3mQ2aBcDeFgHiJkLmNoP'

export const deliveryCommands: readonly Command[] = [
  {
    name: 'deliveries ls',
    summary: 'List deliveries, newest first.',
    flags: [...filterFlags, { name: 'limit', value: 'N', summary: 'how many; 50 unless given' }],
    examples: ['postern deliveries ls', 'postern deliveries ls --state failed --session build --json'],
    run: runList,
  },
  {
    name: 'deliveries show',
    summary: 'Show one delivery: what happened, message, answer, timeline, attempts, headers, payload.',
    args: [id],
    flags: [
      {
        name: 'curl',
        summary: 'as a command line that sends its request again, signed now where its hook signs',
      },
    ],
    examples: [`postern deliveries show ${someId}`, `postern deliveries show ${someId} --curl`],
    run: runShow,
  },
  {
    name: 'deliveries retry',
    summary: 'Try a failed delivery again, or all that a filter finds.',
    details: 'With a filter in place of an id they are counted first, and you are asked.',
    args: [{ ...id, required: false, complete: 'failedDeliveries' }],
    flags: [...filterFlags, yes],
    examples: [
      `postern deliveries retry ${someId}`,
      'postern deliveries retry --session build --since 2h',
      'postern deliveries retry --hook github --yes',
    ],
    run: runRetry,
  },
  {
    name: 'deliveries cancel',
    summary: 'Give up a delivery that waits, or all that a filter finds; it is FAILED then.',
    details:
      'What is being delivered at that moment cannot be cancelled. With a filter in place of an id they are counted first, and you are asked.',
    args: [{ ...id, required: false, complete: 'unfinishedDeliveries' }],
    flags: [...filterFlags, yes],
    examples: [
      `postern deliveries cancel ${someId}`,
      'postern deliveries cancel --session build --text "retry storm" --yes',
    ],
    run: runCancel,
  },
  {
    name: 'deliveries replay',
    summary: 'Send the same message once more, as a delivery of its own.',
    args: [id],
    flags: [{ name: 'message', value: 'TEXT', summary: 'with this message instead' }],
    examples: [
      `postern deliveries replay ${someId}`,
      `postern deliveries replay ${someId} --message 'look again'`,
    ],
    run: runReplay,
  },
  {
    name: 'deliveries purge',
    summary: "Erase one delivery's bytes for good.",
    args: [id],
    examples: [`postern deliveries purge ${someId}`],
    run: runPurge,
  },
]

function runList(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const limit = wholeNumber(call.flags.text('limit') ?? '50', '--limit', 1_000_000, 1)
    const deliveries = await store.listDeliveries({ ...(await filterOf(call, store)), limit })
    const views = deliveries.map(deliveryView)
    printList(call, columnsWith(await labelsOf(store, views)), views, 'No deliveries.')
  })
}

const columnsWith = (labels: ReadonlyMap<string, string>): readonly Column<DeliveryView>[] => [
  { title: 'ID', unique: 12, cell: ({ id }) => id },
  { title: 'STATE', cell: (view) => ({ text: view.state, tone: toneOf(view) }) },
  {
    title: 'RECEIVED',
    right: true,
    cell: ({ receivedAt }) => shortTime(receivedAt),
    short: ({ receivedAt }, now) => age(receivedAt, now),
  },
  { title: 'SESSION', flexible: 10, goes: 4, cell: ({ session }) => session },
  { title: 'VIA', flexible: 10, goes: 2, cell: viaOf, short: (view) => shortVia(view, labels) },
  { title: 'ATTEMPTS', right: true, goes: 1, cell: ({ attempts }) => String(attempts) },
  { title: 'REASON', goes: 3, cell: ({ failedStep, heldBecause }) => failedStep ?? heldBecause ?? '-' },
  { title: 'MESSAGE', flexible: 20, cell: ({ message }) => withoutFence(message) },
]

export function viaOf({ grant, hook, source }: DeliveryView): string {
  const parts = [...(hook === null ? [] : [`hook ${hook}`]), ...(grant === null ? [] : [`grant ${grant}`])]
  return parts.length === 0 ? source : parts.join(', ')
}

/** A hook's name or a grant's label, of which people know what it is. */
const shortVia = ({ grant, hook, source }: DeliveryView, labels: ReadonlyMap<string, string>): string =>
  hook ?? (grant === null ? source : (labels.get(grant) ?? grant.slice(0, 8)))

/** Labels of the grants that these came by. */
async function labelsOf(
  store: Pick<DoorStore, 'findGrant'>,
  views: readonly Pick<DeliveryView, 'grant'>[],
): Promise<ReadonlyMap<string, string>> {
  const labels = new Map<string, string>()
  for (const id of new Set(views.map(({ grant }) => grant))) {
    const label = id === null ? undefined : (await store.findGrant(id))?.label
    if (id !== null && label !== undefined) labels.set(id, label)
  }
  return labels
}

const tones: Readonly<Record<string, Tone>> = {
  DELIVERED: 'good',
  RETRY: 'warn',
  FAILED: 'bad',
}

export const toneOf = ({ state }: DeliveryView): Tone => tones[state] ?? 'plain'

function runShow(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const { store } = home
    const id = await findDeliveryId(store, call.args.need('delivery-id'))
    const record = await showDelivery(store, id)
    if (call.flags.on('curl')) return showCurl(call, record, home.baseUrl)
    if (call.json) return call.out.json(recordView(record))
    const grant = 'grant' in record.source ? record.source.grant : undefined
    const label = grant === undefined ? undefined : (await store.findGrant(grant))?.label
    printRecord(call.out, record, call.io.now(), label)
  })
}

/** The line alone on standard output, to be piped or copied. */
async function showCurl({ io, home, out, json }: Call, record: DeliveryRecord, base: string): Promise<void> {
  const { note, line } = await (await io.hooks(home)).curl(record, base)
  if (json) return out.json({ note, curl: line })
  out.note(note)
  for (const one of line.split('\n')) out.line(one)
}

function runReplay(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock, config, door }) => {
    const id = await findDeliveryId(store, call.args.need('delivery-id'))
    const message = call.flags.text('message')
    if (door) return printQueued(call, await replayedAtDoor(call, id, message))
    const maxHoldMs = config.retry.maxHoldSeconds * 1000
    const deps = { store, clock, maxHoldMs, queueLimit: config.limits.queuePerSession }
    return printQueued(call, deliveryView(await replayDelivery(deps, id, message)))
  })
}

/** A machine that has joined a door stores nothing itself. */
async function replayedAtDoor({ io, home }: Call, id: DeliveryId, message?: string): Promise<DeliveryView> {
  const path = `/api/deliveries/${id}/replay`
  const body = { ...(message !== undefined && { message }) }
  return (await requestServer(await io.server(home), 'POST', path, { body })) as DeliveryView
}

function runPurge(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const wanted = await findDeliveryId(store, call.args.need('delivery-id'))
    await purgeDelivery(store, wanted)
    if (call.json) call.out.json({ id: wanted, purged: true })
    else call.out.note(`Erased ${wanted}.`)
  })
}
