import type { Asked, Happening, Notice, NoticeEnd, NoticeFilter, NoticeHealth, NoticeRule } from './notice.ts'
import type { SessionId } from './session.ts'

/**
 * What happened that somebody wants to be told, and the messages that tell it. What changes a delivery, a session or a pause
 * writes its happening itself, in the same transaction; here are the others. Without a rule that wants one nothing is written.
 */
export interface NoticeStore {
  /** From now on these rules stand, in every process that writes to this store; what waits for others is FAILED. */
  setNoticeRules(rules: readonly NoticeRule[]): Promise<void>
  noteHappening(happening: Happening): Promise<void>
  /**
   * What the agent of that opening asks a person now, once for each question; undefined when it asks nothing: then the same
   * question is news again. A request that a decision is open for was told with it.
   */
  noteInput(session: SessionId, generation: string, asked: Asked | undefined): Promise<void>
  /** Notes sessions whose oldest message has waited since before a time of deliveries and is not under way, once for each such message. */
  noteWaiting(before: number): Promise<void>
  /** Of each of these rules the one that is due longest. `now` in the time of deliveries. */
  dueNotices(now: number, rules: readonly string[]): Promise<readonly Notice[]>
  /** Writes how an attempt ended, in the time of deliveries; changes nothing of a notice that is settled. */
  settleNotice(id: string, end: NoticeEnd, now: number): Promise<void>
  /** Newest first. */
  listNotices(filter: NoticeFilter): Promise<readonly Notice[]>
  /** By rule; failures from that time of the wall clock on. */
  noticeHealth(since: number): Promise<readonly NoticeHealth[]>
  /** Erases notices that were settled before a time of deliveries, and the oldest beyond `mostSettledNotices`. */
  purgeNotices(before: number): Promise<void>
}
