import type { Taker } from './instead.ts'
import type { Bench } from './plan.ts'
import { secret, signature } from './signature.ts'
import { body, flood } from './wrk.ts'

const hook = { messageTemplate: '[{{from}}] {{message}}', action: 'wake', session: 'alpha' }
const config = {
  webhooks: { enabled: true, secret, hooks: { signed: { ...hook, verify: { scheme: 'github', secret } } } },
}

/** This program, once for each kind of proof that others have. Messages go to an inbox. */
export async function postern({ home }: Bench): Promise<readonly Taker[]> {
  const takers = [
    { proof: 'HMAC-SHA256 of the body', path: '/api/hooks/signed', headers: signature(body) },
    { proof: 'a secret', path: '/api/hooks/wake', headers: { Authorization: `Bearer ${secret}` } },
  ]
  return Promise.all(
    takers.map(async ({ proof, path, headers }) => {
      const server = await home({ config })
      return {
        title: 'Postern',
        proof,
        stored: 'stored on disk, for an inbox',
        flood: (seconds) => flood(server, { path, headers, seconds, connections: 64 }),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      } satisfies Taker
    }),
  )
}
