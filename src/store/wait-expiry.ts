import type { StoreMaintenance } from '../domain/ports.ts'
import { isClosed } from '../domain/session.ts'
import type { Wait } from '../domain/wait.ts'
import { expiredMessage } from '../domain/wait-message.ts'
import type { StoreContext } from './context.ts'
import { storeOwn } from './record.ts'
import { waitOf } from './rows.ts'
import { cancelOpenWait, closeWait, waitOnWall } from './waits.ts'

export const waitExpiry = (context: StoreContext): Pick<StoreMaintenance, 'expireWaits'> => ({
  expireWaits: (holdMs) => expireAll(context, holdMs),
})

/** Some in each transaction. */
async function expireAll(context: StoreContext, holdMs: number): Promise<number> {
  let expired = 0
  while (await context.read(() => overdue(context, 1).length > 0))
    expired += await context.write(() => expireSome(context, holdMs))
  return expired
}

const expiryBatch = 50

function expireSome(context: StoreContext, holdMs: number): number {
  const waits = overdue(context, expiryBatch)
  for (const wait of waits) expire(context, wait, holdMs)
  return waits.length
}

const overdue = ({ sql, time }: StoreContext, limit: number): readonly Wait[] =>
  sql(`SELECT * FROM waits WHERE state = 'armed' AND expires_at <= ? ORDER BY expires_at LIMIT ?`)
    .all(time.now(), limit)
    .map(waitOf)

function expire(context: StoreContext, wait: Wait, holdMs: number): void {
  const { session, grant } = wait
  const found = context.cache.session(session)
  if (found === undefined || isClosed(found)) {
    cancelOpenWait(context, wait)
    return
  }
  const { steady: now } = context.moment()
  const delivery = storeOwn(context, {
    session,
    source: { kind: 'wait', grant },
    action: 'input',
    message: expiredMessage(waitOnWall(context, wait)),
    headers: {},
    receivedAt: now,
    expiresAt: now + holdMs,
    queueLimit: 0,
  })
  closeWait(context, wait, 'expired', delivery)
}
