import type { Grant, GrantId } from '../domain/grant.ts'
import type { Clock, DoorStore, Tokens } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'

interface MintOwnDeps {
  readonly store: Pick<DoorStore, 'addGrant'>
  readonly tokens: Pick<Tokens, 'mint'>
  readonly clock: Pick<Clock, 'now' | 'bytes'>
}

/** The capability of the agent in that opening of a session. Throws `session_missing` and `session_ended`. */
export async function mintOwn(
  { store, tokens, clock }: MintOwnDeps,
  { id: session, generation }: Pick<Session, 'id' | 'generation'>,
): Promise<{ readonly token: string }> {
  const id = Buffer.from(clock.bytes(8)).toString('hex') as GrantId
  const createdAt = clock.now()
  const grant: Grant = {
    ...{ id, session, generation, createdAt, verb: 'mint_own', uses: 0 },
    label: 'its agent',
  }
  const token = await tokens.mint({ session, grant: id, verb: 'mint_own' })
  await store.addGrant(grant)
  return { token }
}
