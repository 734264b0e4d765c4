import { pingHealthz } from './paced.ts'
import { type Bench, inRounds, pause } from './plan.ts'
import { secret, signature } from './signature.ts'

const config = {
  webhooks: {
    enabled: true,
    secret,
    hooks: {
      large: {
        verify: { scheme: 'github', secret },
        messageTemplate: '{{repository.full_name}}: {{#commits}}{{message}} {{/commits}}',
        action: 'wake',
        session: 'alpha',
      },
    },
  },
}

/** Verifies, renders and stores JSON of 1 MiB; the longest that /healthz had to wait meanwhile, and without it. */
export async function largeHook({ plan, home }: Bench) {
  await using postern = await home({ config })
  const body = largeBody()
  const longest = async (act: () => Promise<void>) => {
    const pinging = pingHealthz(postern.port, 1000, 0.4)
    await pause(100)
    await act()
    return Math.max(...(await pinging))
  }
  const post = async () => {
    const { status } = await fetch(`http://127.0.0.1:${postern.port}/api/hooks/large`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signature(body) },
      body,
    })
    if (status !== 202) throw new Error(`A large webhook was answered ${status}.`)
  }
  const rounds = await inRounds(plan.times, async () => ({
    quiet: await longest(async () => {}),
    held: await longest(post),
  }))
  return { held: rounds.map(({ held }) => held), heldQuiet: rounds.map(({ quiet }) => quiet) }
}

/** A push of as many commits as 1 MiB holds. */
function largeBody(): string {
  const commit = (id: number) => ({
    id: `${id}`.padStart(40, '0'),
    message: `Change number ${id}`,
    author: { name: 'Alice', email: 'alice@example.com' },
    added: [],
    modified: [`src/file-${id}.ts`],
  })
  const count = Math.floor((1_048_576 - 100) / (JSON.stringify(commit(99_999)).length + 1))
  const commits = Array.from({ length: count }, (_, i) => commit(i))
  return JSON.stringify({ repository: { full_name: 'acme/billing' }, commits })
}
