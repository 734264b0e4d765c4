import { type Taker, withoutCost } from './instead.ts'
import type { Bench } from './plan.ts'
import { secret, signature } from './signature.ts'
import { body, flood } from './wrk.ts'

const signed = (session: string) => ({
  messageTemplate: '[{{from}}] {{message}}',
  action: 'wake',
  session,
  verify: { scheme: 'github', secret },
})
const config = {
  webhooks: { enabled: true, secret, hooks: { stored: signed('alpha'), run: signed('runner') } },
}
const hmac = 'HMAC-SHA256 of the body'
const order = { headers: signature(body), connections: 64 }

/** This program: once for each kind of proof that others have, and once with a command for each message. */
export async function postern({ home }: Bench): Promise<readonly Taker[]> {
  const server = await home({ config })
  return [
    {
      title: 'Postern',
      proof: hmac,
      stored: 'stored on disk, for an inbox',
      flood: (seconds) => flood(server, { ...order, path: '/api/hooks/stored', seconds }),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    },
    {
      title: 'Postern',
      proof: 'a secret',
      stored: 'stored on disk, for an inbox',
      flood: (seconds) => {
        const headers = { Authorization: `Bearer ${secret}` }
        return flood(server, { ...order, path: '/api/hooks/wake', headers, seconds })
      },
      [Symbol.asyncDispose]: async () => {},
    },
    {
      title: 'Postern, with a command for each',
      proof: hmac,
      stored: 'stored on disk: a command will run (`true`), one after the other',
      async flood(seconds) {
        // A home for each flood: what is still to be run shall not disturb the next one.
        await using runner = await home({ config })
        await runner.cli('session', 'add', 'runner', '--driver', 'command', '--', 'true')
        return withoutCost(await flood(runner, { ...order, path: '/api/hooks/run', seconds }))
      },
      [Symbol.asyncDispose]: async () => {},
    },
  ]
}
