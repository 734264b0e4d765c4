import { type BenchHome, pathOf } from './home.ts'
import { knocks, paced } from './paced.ts'
import { type Bench, inRounds } from './plan.ts'
import { untilQuiet } from './proc.ts'
import { startScript } from './server.ts'
import { percentile, ratios } from './stats.ts'
import { flood, warmUp } from './wrk.ts'

/** p99 of knocks at half the rate of a flood: alone, while another session hangs, and among many who watch and wait. */
export async function latency({ plan, home }: Bench) {
  await using bare = await startScript('bare.ts')
  await using calm = await home()
  await using hung = await home()
  await using crowded = await home()
  await hang(hung)
  for (const server of [calm, hung, crowded]) await warmUp(server, pathOf(server, 0))
  const peak = await flood(calm, { path: pathOf(calm, 0), seconds: plan.seconds, connections: 64 })
  const perSecond = peak.perSecond / 2
  const p99 = async (server: BenchHome, port = server.port) => {
    const order = { port, requests: knocks(server), perSecond, seconds: plan.seconds }
    return percentile(await paced({ ...order, connections: 64 }), 0.99)
  }
  const rounds = await inRounds(plan.rounds, async () => ({
    bare: await p99(calm, bare.port),
    calm: await p99(calm),
    hung: await p99(hung),
    crowded: await amongMany(crowded, () => p99(crowded)),
  }))
  const calmP99 = rounds.map(({ calm }) => calm)
  return {
    p99: calmP99,
    p99Bare: rounds.map(({ bare }) => bare),
    p99Hung: ratios(
      rounds.map(({ hung }) => hung),
      calmP99,
    ),
    p99Crowded: ratios(
      rounds.map(({ crowded }) => crowded),
      calmP99,
    ),
  }
}

/** Gives one session an agent that never answers, and something to do. */
async function hang({ cli }: BenchHome): Promise<void> {
  await cli('session', 'add', 'hung', '--driver', 'command', '--', 'sleep', '600')
  await cli('send', '--session', 'hung', '--timeout', '0', 'are you there?')
}

const [dashboards, callers] = [200, 2000]

/** While so many dashboards are open and so many callers wait for the outcome of what they sent to an inbox. */
async function amongMany<T>(server: BenchHome, act: () => Promise<T>): Promise<T> {
  const login = await server.cli('dashboard')
  const path = server.paths[0] ?? '/'
  await using _ = await startScript('crowd.ts', login, `${dashboards}`, path, `${callers}`)
  // Who has only just come does not wait yet: thousands of connections are opened, and as many knocks stored, all at once.
  await untilQuiet(server.pid)
  return await act()
}
