import { pingHealthz } from './paced.ts'
import { type Bench, inRounds, pause, timed } from './plan.ts'
import { memoryMb } from './proc.ts'
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

const mib = 1_048_576

/** Verifies, renders and stores JSON of 1 and of 25 MiB; the longest that /healthz had to wait meanwhile, and without it. */
export async function largeHook({ plan, home }: Bench) {
  await using postern = await home({ config })
  const [large, largest] = [pushOf(mib), pushOf(25 * mib)]
  const longest = async (seconds: number, act: () => Promise<void>) => {
    const pinging = pingHealthz(postern.port, 1000, seconds)
    await pause(100)
    const tookMs = await timed(act)
    return { heldMs: Math.max(...(await pinging)), tookMs }
  }
  const post = async ({ body, headers }: Push) => {
    const { status } = await fetch(`http://127.0.0.1:${postern.port}/api/hooks/large`, {
      method: 'POST',
      headers,
      body,
    })
    if (status !== 202) throw new Error(`A large webhook was answered ${status}.`)
  }
  const rounds = await inRounds(plan.times, async () => ({
    quiet: await longest(0.4, async () => {}),
    large: await longest(0.4, () => post(large)),
    largest: await longest(1, () => post(largest)),
  }))
  return {
    held: rounds.map(({ large }) => large.heldMs),
    heldQuiet: rounds.map(({ quiet }) => quiet.heldMs),
    took1: rounds.map(({ large }) => large.tookMs),
    held25: rounds.map(({ largest }) => largest.heldMs),
    took25: rounds.map(({ largest }) => largest.tookMs),
    memoryLargest: [memoryMb(postern.pid).peak],
  }
}

interface Push {
  readonly body: Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

/** Of as many commits as 1 MiB holds; beyond that each brings its patch. Signed before anybody looks at a clock. */
function pushOf(bytes: number): Push {
  let patch = ''
  const commit = (id: number) => ({
    id: `${id}`.padStart(40, '0'),
    message: `Change number ${id}`,
    author: { name: 'Alice', email: 'alice@example.com' },
    added: [],
    modified: [`src/file-${id}.ts`],
    patch,
  })
  const plain = JSON.stringify(commit(99_999)).length + 1
  const count = Math.floor((mib - 100) / plain)
  patch = '+ line\n'.repeat(Math.floor(((bytes - 100) / count - plain) / '+ line\\n'.length))
  const commits = Array.from({ length: count }, (_, i) => commit(i))
  const text = JSON.stringify({ repository: { full_name: 'acme/billing' }, commits })
  return {
    body: new TextEncoder().encode(text),
    headers: { 'content-type': 'application/json', ...signature(text) },
  }
}
