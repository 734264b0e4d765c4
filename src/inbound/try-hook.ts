import { newNonce } from '../domain/fence.ts'
import type { Hook } from '../domain/hook.ts'
import type { Clock, DoorStore } from '../domain/ports.ts'
import { rehearse } from './rehearse.ts'
import { type HookOrder, namedHook, sampleFor } from './send-signed.ts'

interface TryHookDeps {
  readonly store: Pick<DoorStore, 'inspectDelivery'>
  /** With the session that each speaks to. */
  readonly hooks: () => readonly Hook[]
  readonly clock: Pick<Clock, 'bytes'>
}

/** What is not there is null. */
export interface TriedHook {
  readonly kind: 'message' | 'ignored' | 'failed'
  readonly message: string | null
  readonly session: string | null
  readonly skill: string | null
  readonly why: string | null
  readonly warning: string | null
}

/** What a hook's agent would get. Nothing is stored or sent. Throws `not_found`, `unprocessable`, and what `parsePayload` throws. */
export async function tryHook(
  { store, hooks, clock }: TryHookDeps,
  name: string,
  order: HookOrder,
): Promise<TriedHook> {
  const hook = namedHook(hooks(), name)
  const tried = await rehearse(hook, await sampleFor(store, hook, order), newNonce(clock))
  const isMessage = tried.kind === 'message'
  return {
    kind: tried.kind,
    message: isMessage ? tried.message : null,
    session: isMessage ? (hook.session ?? null) : null,
    skill: isMessage ? (hook.skill ?? null) : null,
    why: 'why' in tried ? tried.why : null,
    warning: tried.warning ?? null,
  }
}
