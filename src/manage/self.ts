import { Failure } from '../domain/error.ts'
import { admits, type Claims, forbidden, type Grant } from '../domain/grant.ts'
import type { Clock, DoorStore, Tokens } from '../domain/ports.ts'
import { sessionOrAnew } from '../domain/read-anew.ts'
import { isClosed, type Session } from '../domain/session.ts'
import { type Minted, newGrantId, tokenOf } from './grants.ts'

interface MintOwnDeps {
  readonly store: Pick<DoorStore, 'addGrant'>
  readonly tokens: Pick<Tokens, 'mint'>
  readonly clock: Pick<Clock, 'now' | 'bytes'>
}

/**
 * The capability of the agent in that opening of a session: it opens the routes below `/agent/` and nothing else, as long as that
 * opening lasts. Throws `session_missing` and `session_ended`.
 */
export async function mintOwn(
  { store, tokens, clock }: MintOwnDeps,
  { id: session, generation }: Pick<Session, 'id' | 'generation'>,
): Promise<Minted> {
  const grant: Grant = {
    ...{ session, generation },
    id: newGrantId(clock),
    verb: 'mint_own',
    label: 'its agent',
    createdAt: clock.now(),
    uses: 0,
  }
  const token = await tokenOf(tokens, grant)
  await store.addGrant(grant)
  return { grant, token }
}

interface SelfDeps {
  readonly store: Pick<DoorStore, 'findGrant' | 'findSession'>
  readonly tokens: Pick<Tokens, 'read'>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * The session whose agent holds this token. Throws `unauthorized` for what is no token of ours, `forbidden` for one that is no agent's
 * capability, or that of an opening which is over.
 */
export async function sessionOfAgent({ store, tokens, clock }: SelfDeps, token: string): Promise<Session> {
  const claims = await tokens.read(token)
  if (!claims)
    throw new Failure('unauthorized', 'Send the capability of an agent as a Bearer token.', {
      why: token === '' ? 'there is no token' : 'the token is malformed, forged or of a key that is gone',
      ...(token !== '' && { guess: true }),
    })
  return openingOf(store, await store.findGrant(claims.grant), claims, clock.now())
}

async function openingOf(
  store: SelfDeps['store'],
  grant: Grant | undefined,
  claims: Claims,
  now: number,
): Promise<Session> {
  if (claims.verb !== 'mint_own' || claims.session === undefined)
    throw forbidden({ why: 'the token is not that of an agent', grant: claims.grant })
  const { session: id } = claims
  const lasts = (known: Session) => !isClosed(known) && (!grant || known.generation === grant.generation)
  const session = await sessionOrAnew(store, id, lasts)
  if (!session || !lasts(session))
    throw new Failure('forbidden', 'The opening of the session that this token was made for is over.', {
      why: 'the opening of its session is over',
      grant: claims.grant,
    })
  if (!admits(grant, claims, now))
    throw forbidden({ why: 'the capability was taken back', grant: claims.grant })
  return session
}
