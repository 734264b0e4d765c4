import type { Grant, GrantId } from './grant.ts'
import type { Pause, PauseTarget } from './pause.ts'
import type { SessionId } from './session.ts'

/** The part of `DoorStore` about grants, and about what is paused. */
export interface GrantStore {
  /** Adds a grant. Throws `session_missing` or `session_ended` when its session cannot be spoken to. */
  addGrant(grant: Grant): Promise<void>
  /**
   * The grant as it stands, whichever process wrote it last; a server may learn a millisecond later what another one did,
   * ten where a database elsewhere does not tell by itself.
   * Answered from memory when nothing changed, unless it is to be read `anew`: then it is as it stands.
   */
  findGrant(id: GrantId, how?: 'anew'): Promise<Grant | undefined>
  /** Newest first. */
  listGrants(filter: { readonly session?: SessionId; readonly idPrefix?: string }): Promise<readonly Grant[]>
  /** Marks it revoked; a second time changes nothing. Undefined when there is no such grant. */
  revokeGrant(id: GrantId, at: number): Promise<Grant | undefined>
  /** Closes it from `at` on, or opens it again without one; a second time changes nothing. Undefined when there is no such grant. */
  pauseGrant(id: GrantId, at: number | undefined): Promise<Grant | undefined>
  /** Its next serial; the token before that one opens it until `previousUntil`. Undefined when there is no such grant. */
  rotateGrant(id: GrantId, previousUntil: number): Promise<Grant | undefined>
  /** From `at` on messages of a hook, or for a session, are held; without one no longer. A second time changes nothing. */
  pause(target: PauseTarget, at: number | undefined): Promise<void>
  /** What is paused now but for grants, by name. Answered from memory when nothing changed. */
  listPauses(): Promise<readonly Pause[]>
}
