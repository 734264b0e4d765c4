import { fill, type Past } from './fill.ts'
import { type BenchHome, pathOf } from './home.ts'
import { type Bench, inRounds } from './plan.ts'
import { startScript } from './server.ts'
import { type Flooded, flood, warmUp } from './wrk.ts'

/** How the cost of a knock grows with one thing, while there is little of all the others. */
export interface Curve {
  readonly of: string
  readonly points: readonly Point[]
}

export interface Point {
  readonly size: number
  readonly cpuMicros: readonly number[]
  readonly perSecond: readonly number[]
}

interface Axis {
  readonly of: string
  /** What an ordinary home of the bench has of it: the first point of every curve. */
  readonly ordinary: number
  readonly sizes: readonly number[]
  readonly past?: (size: number) => Past
}

const axes: readonly Axis[] = [
  {
    of: 'stored deliveries',
    ordinary: 0,
    sizes: [100_000, 300_000, 1_000_000],
    past: (deliveries) => ({ deliveries }),
  },
  { of: 'grants', ordinary: 4, sizes: [1000, 10_000, 100_000], past: (grants) => ({ grants }) },
  {
    of: 'sessions, a message waiting in each',
    ordinary: 6,
    sizes: [100, 1000, 5000],
    past: (sessions) => ({ sessions }),
  },
  { of: 'callers who wait', ordinary: 0, sizes: [100, 500, 2000] },
]

/** All homes stand side by side, and each round floods them in another order: drift does not look like growth. */
export async function curves({ plan, home }: Bench): Promise<readonly Curve[]> {
  await using open = new AsyncDisposableStack()
  const ordinary = { server: open.use(await home()), callers: 0, floods: [] as Flooded[] }
  const grown = []
  for (const { of, ordinary: size, sizes, past } of axes) {
    const points = [{ size, ...ordinary }]
    for (const size of sizes) {
      const server = await home({ prepare: (path) => fill(path, past?.(size) ?? {}) })
      points.push({ size, server: open.use(server), callers: past ? 0 : size, floods: [] })
    }
    grown.push({ of, points })
  }
  const all = [ordinary, ...grown.flatMap(({ points }) => points.slice(1))]
  for (const { server } of all) await warmUp(server, pathOf(server, 0))
  await inRounds(plan.curveRounds, async (round) => {
    for (const { server, callers, floods } of shuffled(all))
      floods.push(await amongCallers(server, callers, () => oneSecond(server, round)))
  })
  return grown.map(({ of, points }) => ({
    of,
    points: points.map(({ size, floods }) => ({
      size,
      cpuMicros: floods.map(({ cpuMicros }) => cpuMicros),
      perSecond: floods.map(({ perSecond }) => perSecond),
    })),
  }))
}

/** Not into the first session, whose messages the callers wait for. */
const oneSecond = (server: BenchHome, round: number): Promise<Flooded> =>
  flood(server, { path: pathOf(server, 1 + (round % 3)), seconds: 1, connections: 64 })

/** While so many callers wait for the outcome of what they sent to an inbox. */
async function amongCallers<T>(server: BenchHome, callers: number, act: () => Promise<T>): Promise<T> {
  if (callers === 0) return await act()
  const login = await server.cli('dashboard')
  await using _ = await startScript('crowd.ts', login, '0', server.paths[0] ?? '/', `${callers}`)
  return await act()
}

/** By chance, as often this way as that. */
function shuffled<T>(all: readonly T[]): readonly T[] {
  return all
    .map((one) => ({ one, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one)
}
