import { randomBytes } from '../domain/chance.ts'
import {
  type Asked,
  gaveWay,
  type Happening,
  inputKey,
  mostSettledNotices,
  mostWaitingNotices,
  type Notice,
  type NoticeEnd,
  type NoticeFilter,
  type NoticeHealth,
  type NoticeRule,
  needsInput,
  ruleGone,
  rulesFor,
} from '../domain/notice.ts'
import type { NoticeStore } from '../domain/notice-store.ts'
import type { SessionId } from '../domain/session.ts'
import type { SqlValue } from '../platform/platform.ts'
import type { ReadContext, StoreContext } from './context.ts'
import { noticeOf, number, orUndefined, text } from './rows.ts'
import { waitingSince } from './waiting-notices.ts'

type NoticeReads = Pick<NoticeStore, 'dueNotices' | 'listNotices' | 'noticeHealth'>

export const noticeReads = (context: ReadContext): NoticeReads => ({
  dueNotices: (now, rules) => context.read(() => rules.flatMap((rule) => due(context, now, rule))),
  listNotices: (filter) => context.read(() => list(context, filter)),
  noticeHealth: (since) => context.read(() => health(context, since)),
})

export const noticeWrites = (context: StoreContext): Omit<NoticeStore, keyof NoticeReads> => ({
  setNoticeRules: (rules) => context.write(() => setRules(context, rules)),
  noteHappening: (happening) => context.write(() => happened(context, happening)),
  noteInput: (session, generation, asked) =>
    context.write(() => noteInput(context, session, generation, asked)),
  noteWaiting: async (before) => {
    const waiting = await context.read(() => waitingSince(context, before))
    if (waiting.length > 0)
      await context.write(() => {
        for (const happening of waiting) happened(context, happening)
      })
  },
  settleNotice: (id, end, now) => context.write(() => settle(context, id, end, now)),
  purgeNotices: async (before) => {
    if (await context.read(() => context.sql('SELECT 1 FROM happenings LIMIT 1').get()))
      await context.write(() => purge(context, before))
  },
})

/**
 * Writes down, inside the transaction of the change itself, what somebody wants to be told, with a notice for each rule. Where
 * nobody wants it nothing is written.
 */
export function happened(context: StoreContext, happening: Happening): void {
  const rules = context.cache.noticeRules()
  if (rules.length === 0) return
  const wanting = rulesFor(rules, happening)
  if (wanting.length === 0) return
  const { name, session, once, data } = happening
  const now = context.time.now()
  const row = context
    .sql(
      `INSERT INTO happenings (name, session, once, at, data) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (once) DO NOTHING RETURNING seq`,
    )
    .get(name, session ?? null, once ?? null, now, JSON.stringify(data))
  if (!row) return
  for (const rule of wanting) addNotice(context, number(row.seq), rule, now)
}

function addNotice(context: StoreContext, happening: number, { name }: NoticeRule, now: number): void {
  context
    .sql(
      `INSERT INTO notices (id, happening, rule, state, failures, due_at, created_at)
       VALUES (?1, ?2, ?3, 'PENDING', 0, ?4, ?4)`,
    )
    .run(`ntc_${randomBytes(12).toString('hex')}`, happening, name, now)
  giveWay(context, name, now)
}

/** A receiver that takes nothing must not fill the disk. */
const giveWay = ({ sql }: StoreContext, rule: string, now: number): number =>
  sql(
    `UPDATE notices SET state = 'FAILED', settled_at = ?, detail = ? WHERE state = 'PENDING' AND rule = ? AND seq <=
       (SELECT seq FROM notices WHERE state = 'PENDING' AND rule = ? ORDER BY seq DESC LIMIT 1 OFFSET ${mostWaitingNotices})`,
  ).run(now, gaveWay, rule, rule)

function setRules({ sql, cache, time }: StoreContext, rules: readonly NoticeRule[]): void {
  const names = JSON.stringify(rules.map(({ name }) => name))
  sql(
    `UPDATE notices SET state = 'FAILED', settled_at = ?, detail = ?
     WHERE state = 'PENDING' AND rule NOT IN (SELECT value FROM json_each(?))`,
  ).run(time.now(), ruleGone, names)
  if (JSON.stringify(rules) === JSON.stringify(cache.noticeRules())) return
  sql('DELETE FROM notice_rules').run()
  for (const { name, on, session } of rules)
    sql('INSERT INTO notice_rules (name, wanted, session) VALUES (?, ?, ?)').run(
      name,
      JSON.stringify(on),
      session,
    )
  cache.forgetNoticeRules()
}

function noteInput(
  context: StoreContext,
  session: SessionId,
  generation: string,
  asked: Asked | undefined,
): void {
  const happening = asked && needsInput(session, generation, asked)
  context
    .sql('UPDATE happenings SET once = NULL WHERE once >= ?1 AND once < ?2 AND once <> ?3')
    .run(...prefixed(inputKey(session, generation)), happening?.once ?? '')
  if (happening && !hasOpenDecision(context, session, generation)) happened(context, happening)
}

/** The texts that begin with one are those from it to the last of these. */
const prefixed = (text: string): readonly [from: string, below: string] => [text, `${text}\u{10ffff}`]

const hasOpenDecision = ({ sql }: StoreContext, session: SessionId, generation: string): boolean =>
  sql('SELECT 1 FROM decisions WHERE session = ? AND generation = ? AND closed_at IS NULL').get(
    session,
    generation,
  ) !== undefined

const joined = `SELECT n.seq, n.id, n.rule, n.state, n.failures, n.due_at, n.created_at, n.settled_at, n.detail,
    h.name, h.session, h.at, h.data
  FROM notices n JOIN happenings h ON h.seq = n.happening`

const due = ({ sql, time }: ReadContext, now: number, rule: string): readonly Notice[] =>
  sql(`${joined} WHERE n.state = 'PENDING' AND n.rule = ? AND n.due_at <= ? ORDER BY n.due_at, n.seq LIMIT 1`)
    .all(rule, now)
    .map(noticeOf)
    .map((notice) => onWall(notice, time.toWall))

function list({ sql, time }: ReadContext, { state, rule, after, limit }: NoticeFilter): readonly Notice[] {
  const terms: readonly (readonly [condition: string, value: SqlValue | undefined])[] = [
    ['n.state = ?', state],
    ['n.rule = ?', rule],
    ['n.seq < ?', after],
  ]
  const asked = terms.filter(([, value]) => value !== undefined)
  const where = asked.length === 0 ? '' : `WHERE ${asked.map(([condition]) => condition).join(' AND ')}`
  return sql(`${joined} ${where} ORDER BY n.seq DESC LIMIT ?`)
    .all(...asked.map(([, value]) => value ?? null), limit)
    .map(noticeOf)
    .map((notice) => onWall(notice, time.toWall))
}

const onWall = (notice: Notice, toWall: (at: number) => number): Notice => ({
  ...notice,
  dueAt: toWall(notice.dueAt),
  createdAt: toWall(notice.createdAt),
  ...(notice.settledAt !== undefined && { settledAt: toWall(notice.settledAt) }),
  event: { ...notice.event, at: toWall(notice.event.at) },
})

const health = ({ sql, time }: ReadContext, since: number): readonly NoticeHealth[] =>
  sql(
    `SELECT rule, COUNT(*) FILTER (WHERE state = 'PENDING') AS waiting,
       COUNT(*) FILTER (WHERE state = 'FAILED' AND settled_at >= ?1) AS failed,
       (SELECT detail FROM notices f WHERE f.rule = n.rule AND f.state = 'FAILED' AND f.settled_at >= ?1
        ORDER BY f.settled_at DESC, f.seq DESC LIMIT 1) AS detail
     FROM notices n GROUP BY rule ORDER BY rule`,
  )
    .all(since - time.skew())
    .map((row) => {
      const detail = orUndefined(row.detail, text)
      return {
        rule: text(row.rule),
        waiting: number(row.waiting),
        failed: number(row.failed),
        ...(detail !== undefined && { detail }),
      }
    })

function settle({ sql }: StoreContext, id: string, end: NoticeEnd, now: number): void {
  const isOver = end.state !== 'PENDING'
  sql(
    `UPDATE notices SET state = ?, failures = COALESCE(?, failures), detail = ?, due_at = COALESCE(?, due_at), settled_at = ?
     WHERE id = ? AND state = 'PENDING'`,
  ).run(
    end.state,
    'failures' in end ? end.failures : null,
    'detail' in end ? end.detail : null,
    isOver ? null : end.dueAt,
    isOver ? now : null,
    id,
  )
}

/** A happening that all were told of goes with its notices; one that must not be told twice stays until it is old. */
function purge({ sql }: StoreContext, before: number): void {
  sql('DELETE FROM notices WHERE settled_at < ?').run(before)
  sql(
    `DELETE FROM notices WHERE settled_at IS NOT NULL AND seq <=
       (SELECT seq FROM notices WHERE settled_at IS NOT NULL ORDER BY seq DESC LIMIT 1 OFFSET ${mostSettledNotices})`,
  ).run()
  sql(
    `DELETE FROM happenings WHERE (once IS NULL OR at < ?)
       AND NOT EXISTS (SELECT 1 FROM notices WHERE happening = happenings.seq)`,
  ).run(before)
}
