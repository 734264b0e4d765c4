import { knocks, paced } from './paced.ts'
import { type Bench, inRounds, timed } from './plan.ts'

/** Whole processes: `postern expose`, and a server until its first 200, with nothing and with much that waits. */
export async function starts({ plan, home }: Bench) {
  await using empty = await home()
  await using full = await home()
  await paced({
    port: full.port,
    requests: knocks(full),
    perSecond: 5000,
    seconds: plan.pending / 5000,
    connections: 64,
  })
  const started = await inRounds(Math.ceil(plan.times / 2), async () => ({
    empty: await empty.restart(),
    full: await full.restart(),
  }))
  return {
    expose: await inRounds(plan.times, () =>
      timed(() => empty.cli('expose', '--session', 'alpha', '--quiet')),
    ),
    start: started.map(({ empty }) => empty),
    startPending: started.map(({ full }) => full),
  }
}
