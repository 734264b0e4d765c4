import { fill } from './fill.ts'
import { pathOf } from './home.ts'
import { type Bench, inRounds } from './plan.ts'
import { ratios } from './stats.ts'
import { flood, warmUp } from './wrk.ts'

/** Durable knocks into a store with a long past, and into a fresh one. */
export async function fullStore({ plan, home }: Bench) {
  await using full = await home({
    prepare: (path) => fill(path, { deliveries: plan.stored, grants: plan.stored / 10 }),
  })
  const rounds = await inRounds(plan.rounds, async (round) => {
    await using fresh = await home()
    await full.restart()
    await warmUp(fresh, pathOf(fresh, round))
    await warmUp(full, pathOf(full, round))
    const order = { seconds: plan.seconds, connections: 64 }
    return {
      fresh: await flood(fresh, { ...order, path: pathOf(fresh, round) }),
      full: await flood(full, { ...order, path: pathOf(full, round) }),
    }
  })
  return {
    fullOfEmpty: ratios(
      rounds.map(({ full }) => full.perSecond),
      rounds.map(({ fresh }) => fresh.perSecond),
    ),
  }
}
