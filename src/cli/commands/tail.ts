import { causeOf, type Delivery, type DeliveryId, isTerminal } from '../../domain/delivery.ts'
import type { DeliveryFilter } from '../../domain/delivery-filter.ts'
import { Failure } from '../../domain/error.ts'
import { withoutFence } from '../../domain/fence.ts'
import type { DoorStore } from '../../domain/ports.ts'
import { deliveryView } from '../../manage/views.ts'
import { streamedTime, wholeNumber } from '../arguments.ts'
import { type Call, type Command, withHome } from '../command.ts'
import { toneOf, viaOf } from './deliveries.ts'
import { filterFlags, filterOf } from './delivery-filter.ts'
import { tailRefusals } from './refusals.ts'

export const deliveriesTail: Command = {
  name: 'deliveries tail',
  aliases: ['tail'],
  summary: 'Follow deliveries live: one line when one arrives and when its state changes.',
  details: 'Until ^C. With --json a line is one JSON object.',
  flags: [
    ...filterFlags.filter(({ name }) => name !== 'state'),
    { name: 'lines', value: 'N', summary: 'how many to begin with; 10 unless given' },
    { name: 'refused', summary: 'what is turned away instead: postern refusals tail' },
  ],
  examples: [
    'postern deliveries tail',
    'postern tail -s build',
    'postern tail --refused',
    "postern deliveries tail --json | jq -r '.message'",
  ],
  run: runTail,
}

/** Of refusals these are known. */
const refusedFlags = ['hook', 'grant', 'lines', 'refused']

function runTail(call: Call): Promise<void> {
  if (call.flags.on('refused')) {
    const stray = filterFlags.find(({ name }) => !refusedFlags.includes(name) && call.flags.on(name))
    if (stray) throw new Failure('usage', `Refusals are not filtered by --${stray.name}.`)
    return tailRefusals(call)
  }
  return withHome(call, async ({ store, nextLook }) => {
    const tail = createTail(store, await filterOf(call, store), (delivery) => show(call, delivery))
    await tail.begin(wholeNumber(call.flags.text('lines') ?? '10', '--lines', 10_000))
    while (!call.io.stopping.aborted && !call.io.outputClosed()) {
      await nextLook(call.io.stopping)
      if (await store.changedElsewhere()) await tail.catchUp()
    }
  })
}

const pageSize = 500
/** Unfinished deliveries whose changes are reported; beyond that, the oldest are forgotten. */
const mostWatched = 2000

export function createTail(
  store: Pick<DoorStore, 'listDeliveries'>,
  filter: Omit<DeliveryFilter, 'limit'>,
  show: (delivery: Delivery) => void,
) {
  const watched: Watched = new Map()
  let after = 0
  const report = (delivery: Delivery) => {
    show(delivery)
    if (isTerminal(delivery.state)) watched.delete(delivery.id)
    else watch(watched, delivery)
  }
  const reportNew = (deliveries: readonly Delivery[]) => {
    for (const delivery of deliveries) report(delivery)
    after = Math.max(after, ...deliveries.map(({ seq }) => seq))
  }
  return {
    async begin(lines: number): Promise<void> {
      const newest = await store.listDeliveries({ ...filter, limit: Math.max(1, lines) })
      after = newest[0]?.seq ?? 0
      reportNew(newest.slice(0, lines).reverse())
    },
    async catchUp(): Promise<void> {
      for (const [id, { seq, known }] of [...watched]) {
        const [delivery] = await store.listDeliveries({ after: seq - 1, oldestFirst: true, limit: 1 })
        if (delivery?.id !== id) watched.delete(id)
        else if (stateOf(delivery) !== known) report(delivery)
      }
      for (let page: readonly Delivery[]; ; ) {
        page = await store.listDeliveries({ ...filter, after, oldestFirst: true, limit: pageSize })
        reportNew(page)
        if (page.length < pageSize) return
      }
    },
  }
}

/** Where each stands, and how it was when it was shown last. */
type Watched = Map<DeliveryId, { readonly seq: number; readonly known: string }>

function watch(watched: Watched, delivery: Delivery): void {
  watched.set(delivery.id, { seq: delivery.seq, known: stateOf(delivery) })
  const [oldest] = watched.keys()
  if (watched.size > mostWatched && oldest !== undefined) watched.delete(oldest)
}

const stateOf = (delivery: Delivery): string => `${delivery.state} ${causeOf(delivery) ?? ''}`

function show({ out, json }: Call, delivery: Delivery): void {
  const view = deliveryView(delivery)
  if (json) return void out.jsonLine(view)
  const why = causeOf(delivery)
  const state = why === undefined ? view.state : `${view.state} (${why})`
  const message = withoutFence(view.message)
  const via = view.hook ?? (view.grant === null ? view.source : view.grant.slice(0, 8))
  out.row([
    streamedTime(view.settledAt ?? view.receivedAt),
    { text: view.id, short: view.id.slice(0, 13) },
    { text: state.padEnd(9), short: view.state, tone: toneOf(view), width: 9 },
    { text: view.session, width: 10 },
    { text: viaOf(view), short: via, width: 12, from: 100 },
    { text: message, short: why === undefined ? message : `${why}: ${message}` },
  ])
}
