import type { Delivery } from '../../domain/delivery.ts'
import { Failure, mayPass } from '../../domain/error.ts'
import { textFor } from '../../domain/reply.ts'
import { acknowledge, nextInInbox } from '../../manage/deliveries.ts'
import { deliveryView } from '../../manage/views.ts'
import { wholeNumber } from '../arguments.ts'
import { type Call, type Command, withHome } from '../command.ts'
import type { LocalHome } from '../context.ts'

export const inboxCommands: readonly Command[] = [
  {
    name: 'inbox',
    summary: 'Print the oldest message that waits in an inbox.',
    details: 'It stays the oldest until it is acknowledged. Without --wait an empty inbox exits with 3.',
    flags: [
      { name: 'session', value: 'id', complete: 'inboxes', summary: 'the inbox', required: true },
      { name: 'wait', summary: 'wait until one comes' },
      { name: 'timeout', value: 'SECONDS', summary: 'wait no longer than this' },
    ],
    examples: [
      'postern inbox --session default',
      'postern inbox --session default --wait --json',
      'postern inbox ack whd_0VxK3mQ2aBcDeFgHiJkLmNoP',
    ],
    run: runInbox,
  },
  {
    name: 'inbox ack',
    summary: 'Acknowledge a message, so that the next one can be taken.',
    args: [{ name: 'delivery-id', summary: 'its id', complete: 'unfinishedDeliveries', required: true }],
    examples: ['postern inbox ack whd_0VxK3mQ2aBcDeFgHiJkLmNoP'],
    run: runAck,
  },
]

function runInbox(call: Call): Promise<void> {
  return withHome(call, async (home) => {
    const delivery = call.flags.on('wait') ? await waitForOne(call, home) : await next(call, home)
    if (!delivery) throw new Failure('not_found', `Nothing waits in "${call.flags.need('session')}".`)
    if (call.json) call.out.json(deliveryView(delivery))
    else call.out.line(`${delivery.id}\n${textFor(delivery)}`)
  })
}

const next = async (call: Call, { store, drivers }: LocalHome): Promise<Delivery | undefined> =>
  nextInInbox({ store, drivers: await drivers() }, call.flags.need('session'))

/** Undefined after ^C or the timeout. */
async function waitForOne(call: Call, home: LocalHome): Promise<Delivery | undefined> {
  const timeout = call.flags.text('timeout')
  const until =
    timeout === undefined
      ? Number.POSITIVE_INFINITY
      : call.io.now() + wholeNumber(timeout, '--timeout') * 1000
  await home.store.changedElsewhere()
  let delivery = await next(call, home)
  let isUnsure = false
  while (!delivery && !call.io.stopping.aborted && call.io.now() < until) {
    await home.nextLook(call.io.stopping)
    try {
      if ((await home.store.changedElsewhere()) || isUnsure) delivery = await next(call, home)
      isUnsure = false
    } catch (thrown) {
      // A store or door that cannot be reached for a while is looked at again.
      if (!mayPass(thrown)) throw thrown
      isUnsure = true
    }
  }
  return delivery
}

function runAck(call: Call): Promise<void> {
  return withHome(call, async ({ store, clock }) => {
    const view = deliveryView(await acknowledge({ store, clock }, call.args.need('delivery-id')))
    if (call.json) call.out.json(view)
    else call.out.note(`${view.id} is ${view.state}.`)
  })
}
