import type { Delivery } from '../../domain/delivery.ts'
import { Failure } from '../../domain/error.ts'
import { plural } from '../../domain/plural.ts'
import {
  type BulkResult,
  cancelDeliveries,
  findCancellable,
  findRetryable,
  retryDeliveries,
} from '../../manage/bulk.ts'
import { cancelDelivery, findDeliveryId, retryDelivery } from '../../manage/deliveries.ts'
import { deliveryView } from '../../manage/views.ts'
import { type Call, withHome } from '../command.ts'
import { filterFlags, filterOf } from './delivery-filter.ts'
import { printQueued } from './delivery-record.ts'

type ActDeps = Parameters<typeof retryDelivery>[0] & Parameters<typeof cancelDelivery>[0]

/** What is done with one delivery, or with many. */
interface Act {
  readonly verb: string
  readonly done: string
  readonly find: typeof findRetryable
  readonly one: (deps: ActDeps, id: string) => Promise<Delivery>
  readonly all: (deps: ActDeps, found: readonly Delivery[]) => Promise<BulkResult>
}

const retrying: Act = {
  ...{ verb: 'retry', done: 'Retried', find: findRetryable, one: retryDelivery, all: retryDeliveries },
}
const cancelling: Act = {
  ...{ verb: 'cancel', done: 'Cancelled', find: findCancellable, one: cancelDelivery, all: cancelDeliveries },
}

export const runRetry = (call: Call): Promise<number> => runOnSome(call, retrying)
export const runCancel = (call: Call): Promise<number> => runOnSome(call, cancelling)

function runOnSome(call: Call, act: Act): Promise<number> {
  const [wanted, filtered] = [
    call.args.text('delivery-id'),
    filterFlags.some(({ name }) => call.flags.on(name)),
  ]
  if ((wanted !== undefined) === filtered)
    throw new Failure(
      'usage',
      `Name one delivery, or a filter: postern deliveries ${act.verb} --session <id>`,
    )
  return withHome(call, async ({ store, clock, config }) => {
    const deps = { store, clock, maxHoldMs: config.retry.maxHoldSeconds * 1000 }
    if (wanted !== undefined) {
      printQueued(call, deliveryView(await act.one(deps, await findDeliveryId(store, wanted))))
      return 0
    }
    const found = await act.find(store, await filterOf(call, store))
    if (
      found.length > 0 &&
      !(await agreed(call, `${capital(act.verb)} ${plural(found.length, 'delivery')}?`))
    )
      return 1
    const result = await act.all(deps, found)
    if (call.json) call.out.json(result)
    else
      call.out.line(
        `${act.done} ${result.done} of ${plural(result.found, 'delivery')}.${refusedText(result)}`,
      )
    return result.done === result.found ? 0 : 1
  })
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

const refusedText = ({ refused }: BulkResult): string => {
  const causes = Object.entries(refused).map(([code, count]) => `${count} ${code}`)
  return causes.length === 0 ? '' : ` Not done: ${causes.join(', ')}.`
}

/** `--yes`, or a person's yes at the terminal. Throws `usage` where nobody can be asked. */
async function agreed({ flags, io }: Call, question: string): Promise<boolean> {
  if (flags.on('yes')) return true
  if (!(io.terminal.stdin && io.terminal.stderr))
    throw new Failure('usage', `${question} Nobody can be asked here: give --yes.`)
  return /^y(es)?$/i.test((await io.ask(`${question} [y/N] `)).trim())
}
