import type { DeliveryState } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { withoutFence } from '../../domain/fence.ts'
import { suggestion } from '../../domain/nearest.ts'
import type { DeliveryFilter, DoorStore } from '../../domain/ports.ts'
import { parseSessionId } from '../../domain/session.ts'
import { purgeDelivery, replayDelivery, retryDelivery, showDelivery } from '../../manage/deliveries.ts'
import { findGrant } from '../../manage/grants.ts'
import { type DeliveryView, deliveryView, recordView } from '../../manage/views.ts'
import { age, shortTime, wholeNumber } from '../arguments.ts'
import { type Call, type Command, type Flag, printList, withHome } from '../command.ts'
import type { Column } from '../output.ts'
import type { Tone } from '../table.ts'
import { printRecord } from './delivery-record.ts'

const states: readonly DeliveryState[] = ['PENDING', 'RETRY', 'DELIVERED', 'FAILED']

/** What narrows a list of deliveries. */
export const filterFlags: readonly Flag[] = [
  { name: 'state', value: 'STATE', complete: states, summary: 'PENDING, RETRY, DELIVERED or FAILED' },
  { name: 'session', value: 'id', complete: 'sessions', summary: 'only those for this session' },
  { name: 'hook', value: 'NAME', complete: 'hooks', summary: 'only those that came through this hook' },
  { name: 'grant', value: 'grant-id', summary: 'only those of this grant; a unique beginning is enough' },
  { name: 'text', value: 'TEXT', summary: 'only those whose message contains it' },
]

const id = { name: 'delivery-id', summary: 'its id, whd_…', required: true } as const
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
    summary: 'Show one delivery: timeline, attempts, headers, payload, message, answer.',
    args: [id],
    examples: [`postern deliveries show ${someId}`],
    run: runShow,
  },
  {
    name: 'deliveries retry',
    summary: 'Try a failed delivery again.',
    args: [{ ...id, complete: 'failedDeliveries' }],
    examples: [`postern deliveries retry ${someId}`],
    run: runRetry,
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

/** The filter that the flags ask for. Throws `usage`, and the refusals of an unknown grant. */
export async function filterOf(
  { flags }: Call,
  store: Pick<DoorStore, 'listGrants'>,
): Promise<Omit<DeliveryFilter, 'limit'>> {
  const { state, session, grant } = flags.pick('state', 'session', 'grant')
  return {
    ...flags.pick('hook', 'text'),
    ...(state !== undefined && { state: parseState(state) }),
    ...(session !== undefined && { session: parseSessionId(session) }),
    ...(grant !== undefined && { grant: (await findGrant(store, grant)).id }),
  }
}

function parseState(text: string): DeliveryState {
  const state = states.find((known) => known === text.toUpperCase())
  if (!state) throw new Failure('usage', `There is no state "${text}". ${suggestion(text, states)}`)
  return state
}

function runList(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const limit = wholeNumber(call.flags.text('limit') ?? '50', '--limit', 1_000_000)
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
export const shortVia = (
  { grant, hook, source }: DeliveryView,
  labels: ReadonlyMap<string, string>,
): string => hook ?? (grant === null ? source : (labels.get(grant) ?? grant.slice(0, 8)))

/** Labels of the grants that these came by. */
export async function labelsOf(
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
  return withHome(call, async ({ store }) => {
    const view = recordView(await showDelivery(store, call.args.need('delivery-id')))
    if (call.json) call.out.json(view)
    else printRecord(call.out, view)
  })
}

function runRetry(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock, config }) => {
    const maxHoldMs = config.retry.maxHoldSeconds * 1000
    const delivery = await retryDelivery({ store, clock, maxHoldMs }, call.args.need('delivery-id'))
    return printQueued(call, deliveryView(delivery))
  })
}

function runReplay(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock, config }) => {
    const maxHoldMs = config.retry.maxHoldSeconds * 1000
    const deps = { store, clock, maxHoldMs, queueLimit: config.limits.queuePerSession }
    const delivery = await replayDelivery(deps, call.args.need('delivery-id'), call.flags.text('message'))
    return printQueued(call, deliveryView(delivery))
  })
}

function printQueued({ out, json }: Call, view: DeliveryView): void {
  if (json) out.json(view)
  else out.line(`${view.id}  ${view.state}`)
}

function runPurge(call: Call): Promise<void> {
  return withHome(call, async ({ store }) => {
    const wanted = call.args.need('delivery-id')
    await purgeDelivery(store, wanted)
    if (call.json) call.out.json({ id: wanted, purged: true })
    else call.out.note(`Erased ${wanted}.`)
  })
}
