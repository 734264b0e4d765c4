import type { Decision } from '../domain/decision.ts'
import { iso, isoOrNull } from './views.ts'

export type DecisionView = ReturnType<typeof decisionView>

export const decisionView = (decision: Decision) => ({
  id: decision.id,
  session: decision.session,
  kind: decision.request.kind,
  title: decision.request.title,
  /** Exactly what is asked. */
  detail: decision.request.detail,
  state: decision.state,
  verdict: decision.verdict ?? null,
  /** By which door a person decided. */
  door: decision.door ?? null,
  /** What happened, where it was none of our doors. */
  why: decision.why ?? null,
  delivery: decision.request.delivery ?? null,
  openedAt: iso(decision.openedAt),
  expiresAt: iso(decision.expiresAt),
  closedAt: isoOrNull(decision.closedAt),
})
