import { Failure } from '../domain/error.ts'
import type { HostLink } from '../domain/ports.ts'
import { channelOf, isStanding, type Session, type SessionId } from '../domain/session.ts'
import { placeText, replacedText, type TakenFrom, takenFrom } from '../domain/taken.ts'
import type { SqlValue } from '../platform/platform.ts'
import { releaseMoved } from './claims.ts'
import type { StoreContext } from './context.ts'
import { withdrawAll } from './decisions.ts'
import { refuseRevoked } from './hosts.ts'
import { happened } from './notices.ts'
import { number } from './rows.ts'
import { cancelWaits } from './waits.ts'

type SessionWrites = Pick<HostLink, 'openSession' | 'endSession' | 'markSession' | 'updateSettings'>

export const sessionWrites = (context: StoreContext): SessionWrites => ({
  openSession: (session, { replace }) => context.write(() => open(context, session, replace)),
  endSession: (id, generation, end) => context.write(() => endOpening(context, id, generation, end)),
  markSession: async (id, generation, state, why) => {
    const known = await context.read(() => context.cache.session(id))
    if (known?.generation === generation && known.state === state && known.why === why) return
    await context.write(() =>
      changed(
        context,
        id,
        `UPDATE sessions SET state = ?, why = ? WHERE id = ? AND generation = ? AND state <> 'ended'`,
        [state, why ?? null, id, generation],
      ),
    )
  },
  updateSettings: async (id, generation, settings) => {
    await context.write(() =>
      changed(context, id, 'UPDATE sessions SET settings = ? WHERE id = ? AND generation = ?', [
        JSON.stringify(settings),
        id,
        generation,
      ]),
    )
  },
})

interface Opened {
  readonly liveGrants: number
  readonly takenFrom?: TakenFrom
}

type End = Parameters<HostLink['endSession']>[2]

function endOpening(
  context: StoreContext,
  id: SessionId,
  generation: string,
  { at, exitCode, why }: End,
): boolean {
  const isOver = changed(
    context,
    id,
    `UPDATE sessions SET state = 'ended', ended_at = ?, exit_code = ?, why = ?
     WHERE id = ? AND generation = ? AND state <> 'ended'`,
    [at, exitCode ?? null, why ?? null, id, generation],
  )
  if (!isOver) return false
  cancelWaits(context, id)
  withdrawAll(context, id, 'the session ended')
  noteEnd(context, id, generation, { exitCode, why })
  return true
}

const noteEnd = (
  context: StoreContext,
  session: SessionId,
  generation: string,
  { exitCode, why }: { readonly exitCode?: number | undefined; readonly why?: string | undefined },
): void =>
  happened(context, {
    name: 'session_ended',
    session,
    data: { generation, ...(exitCode !== undefined && { exitCode }), ...(why !== undefined && { why }) },
  })

function open(context: StoreContext, session: Session, replace: boolean): Opened {
  refuseRevoked(context, session)
  const before = context.cache.session(session.id)
  if (before && before.state !== 'ended' && !isStanding(before) && !replace)
    throw new Failure(
      'session_exists',
      `The session "${session.id}" is ${before.state}${before.host === undefined ? '' : ` ${placeText(before)}`}. End it first, or take its place with --replace.`,
      { plain: `A session of that id is ${before.state}. End it first, or replace it.` },
    )
  if (before && before.state !== 'ended' && !isStanding(before))
    noteEnd(context, session.id, before.generation, { why: replacedText(before, session) })
  context
    .sql(
      `INSERT INTO sessions (id, generation, driver, settings, state, why, opened_at, decisions, host)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, driver = excluded.driver,
         settings = excluded.settings, state = excluded.state, why = excluded.why, opened_at = excluded.opened_at,
         decisions = excluded.decisions, host = excluded.host, exit_code = NULL, ended_at = NULL`,
    )
    .run(
      session.id,
      session.generation,
      session.driver,
      JSON.stringify(session.settings),
      session.state,
      session.why ?? null,
      session.openedAt,
      session.decisions ? 1 : 0,
      session.host ?? null,
    )
  context.cache.forgetSession(session.id)
  if (before?.host !== session.host) releaseMoved(context, session)
  cancelWaits(context, session.id)
  releaseClosed(context, session.id)
  if (before) withdrawAll(context, session.id, 'the session was opened anew')
  const taken = takenFrom(before, session, context.cache.hosts(), context.time.now())
  return { liveGrants: countLiveGrants(context, session), ...(taken && { takenFrom: taken }) }
}

/** What waited for a session of that id waits for it no longer. */
function releaseClosed({ sql, cache, time }: StoreContext, session: SessionId): void {
  sql(
    `UPDATE deliveries SET held_because = NULL, detail = NULL, due_at = MIN(due_at, ?)
     WHERE session = ? AND state IN ('PENDING', 'RETRY') AND phase = 'deliver'
       AND held_because IN ('session_ended', 'session_missing')`,
  ).run(time.now(), session)
  cache.forgetHead(session)
}

const countLiveGrants = ({ sql }: StoreContext, { id, openedAt }: Session): number =>
  number(
    sql(
      `SELECT COUNT(*) AS n FROM grants
       WHERE channel = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
         AND paused_at IS NULL AND (max_uses IS NULL OR uses < max_uses)`,
    ).get(channelOf(id), openedAt)?.n,
  )

function changed(
  context: StoreContext,
  id: SessionId,
  statement: string,
  values: readonly SqlValue[],
): boolean {
  const rows = context.sql(statement).run(...values)
  context.cache.forgetSession(id)
  return rows > 0
}
