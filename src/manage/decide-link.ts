import { type Decision, type DecisionStore, decisionIdOf, nameOfDecision } from '../domain/decision.ts'
import { type Claims, forbidden, type GrantId } from '../domain/grant.ts'
import type { Tokens } from '../domain/ports.ts'

/**
 * Where one request is decided: whoever holds the address can decide, once, until its time is over. The row of the decision is the
 * grant: the same token is made of it each time, and kept nowhere.
 */
export const decideUrl = async (
  tokens: Pick<Tokens, 'mint'>,
  base: string,
  decision: Pick<Decision, 'id' | 'session' | 'expiresAt'>,
): Promise<string> => `${base}/decide/${await tokens.mint(claimsOf(decision))}`

/** The request that a token decides on, open or not. Throws `forbidden`: one refusal, whatever is wrong with the token. */
export async function decisionBehind(
  {
    tokens,
    store,
    now,
  }: {
    readonly tokens: Pick<Tokens, 'read'>
    readonly store: Pick<DecisionStore, 'findDecision'>
    readonly now: () => number
  },
  token: string,
): Promise<Decision> {
  const claims = await tokens.read(token)
  if (claims?.verb !== 'decide') throw forbidden({ why: 'the token is not one of a decision', guess: true })
  const decision = await store.findDecision(decisionIdOf(claims.grant))
  if (!decision || !same(claimsOf(decision), claims))
    throw forbidden({ why: 'the decision of this token is gone' })
  if (now() >= decision.expiresAt) throw forbidden({ why: 'the token has expired' })
  return decision
}

/** The token counts whole seconds and never ends before the row, which ends on the millisecond. */
const claimsOf = ({ id, session, expiresAt }: Pick<Decision, 'id' | 'session' | 'expiresAt'>): Claims => ({
  session,
  grant: nameOfDecision(id) as GrantId,
  verb: 'decide',
  expiresAt: Math.ceil(expiresAt / 1000),
})

const same = (one: Claims, other: Claims): boolean =>
  one.session === other.session && one.expiresAt === other.expiresAt && other.serial === undefined
