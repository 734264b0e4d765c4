import { memberIn } from '../payload/json.ts'
import type { SignedRequest, Verified } from './request.ts'
import type { Scheme } from './sender.ts'

/** Takes the sender's id out of a verified body, for who has none in a header; without it the key of the proof stays. */
export const namedInBody =
  (
    spell: (request: SignedRequest, id: unknown) => Verified | Promise<Verified>,
    ...path: readonly string[]
  ): NonNullable<Scheme['inspect']> =>
  async (_, request, verified) => {
    const named = await spell(request, await memberIn(request.rawBody, ...path))
    return named.idempotencyKey === undefined ? verified : named
  }
