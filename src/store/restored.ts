import { settle } from '../domain/settle.ts'
import type { Statement } from '../platform/platform.ts'
import { releaseLeases } from './claims.ts'
import type { StoreContext } from './context.ts'
import { isOwn, knowsLess, revokeAll, revokeForgotten } from './revocations.ts'
import { deliveryColumns, deliveryOf, number, orUndefined } from './rows.ts'
import { applySettlement } from './settle.ts'

type Sql = (text: string) => Statement

/** Tells a copy from the database it was made of, wherever it is carried and by whatever means. */
export const markAsCopy = (sql: Sql, madeAt: number): void => {
  sql(`INSERT OR IGNORE INTO tallies (kind, name, n) VALUES ('copy', 'madeAt', ?)`).run(madeAt)
}

/** When this copy was made; undefined for a database that never was one, or has been taken in. */
export const copyMadeAt = (sql: Sql): number | undefined =>
  orUndefined(sql(`SELECT n FROM tallies WHERE kind = 'copy'`).get()?.n, number)

/** Whether this database is a copy, or older than the last revocation. */
export const isFromThePast = ({ sql, revokedFile }: StoreContext): boolean =>
  copyMadeAt(sql) !== undefined || (revokedFile !== undefined && knowsLess(sql, revokedFile))

/**
 * A copy becomes the database. What was unfinished in it may have been delivered since it was made, so it is FAILED until
 * somebody says otherwise. What was revoked since stays revoked; where nobody can know that, everything is.
 */
export function takeIn(context: StoreContext): void {
  const { sql, revokedFile } = context
  const now = context.now()
  const madeAt = copyMadeAt(sql)
  if (revokedFile !== undefined) {
    if (madeAt !== undefined && !isOwn(revokedFile)) revokeAll(sql, now)
    revokeForgotten(sql, revokedFile, now)
  }
  if (madeAt !== undefined) failUnfinished(context, madeAt, now)
  sql(`DELETE FROM tallies WHERE kind = 'copy'`).run()
}

function failUnfinished(context: StoreContext, madeAt: number, now: number): void {
  releaseLeases(context, now)
  const why = `unfinished in the backup of ${new Date(madeAt).toISOString()}; retry it unless it has arrived since`
  const waiting = context
    .sql(`SELECT ${deliveryColumns} FROM deliveries WHERE state IN ('PENDING', 'RETRY') ORDER BY seq`)
    .all()
    .map(deliveryOf)
  for (const delivery of waiting)
    applySettlement(context, delivery, settle(delivery, { kind: 'restored', why }, now, 0), now)
}
