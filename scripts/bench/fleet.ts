import { startPostgres, withoutPostgres } from '../../test/support/postgres.ts'
import { type BenchHome, pathOf } from './home.ts'
import { type Bench, inRounds } from './plan.ts'
import { ratios } from './stats.ts'
import { flood, warmUp } from './wrk.ts'

/** Of one door's callers. */
const connections = 64

/** Durable knocks of doors on a PostgreSQL of this machine, which works on the same processors, beside one on SQLite. */
export async function fleet({ plan, home }: Bench) {
  const missing = withoutPostgres()
  if (missing) {
    console.error(`fleet was not measured: ${missing}`)
    return {}
  }
  await using open = new AsyncDisposableStack()
  const postgres = await startPostgres()
  // Before its files go.
  const crash = () => void postgres.crash()
  process.prependOnceListener('exit', crash)
  open.defer(async () => {
    process.off('exit', crash)
    await postgres.stop()
  })
  const alone = open.use(await home())
  const config = { store: postgres.url }
  const one = open.use(await home({ config }))
  for (const door of [alone, one]) await warmUp(door, pathOf(door, 0))
  const rate = async (round: number, doors: readonly BenchHome[], callers = connections) => {
    const order = { seconds: plan.seconds, connections: callers / doors.length }
    return sum(
      await Promise.all(
        doors.map(async (door) => (await flood(door, { ...order, path: pathOf(door, round) })).perSecond),
      ),
    )
  }
  /** Beside SQLite in the same round. */
  const beside = async (doors: readonly BenchHome[], callers = connections) => {
    // Doors that follow each other have more to compile than one alone, and compile it when they do so.
    await rate(0, [alone])
    await rate(0, doors, callers)
    return inRounds(plan.rounds, async (round) => ({
      sqlite: await rate(round, [alone]),
      postgres: await rate(round, doors, callers),
    }))
  }
  const ofOne = await beside([one])
  // It costs the first one something, also when nothing comes to it: it follows what is stored.
  const other = open.use(await home({ config, beside: one }))
  await warmUp(other, pathOf(other, 0))
  const ofTwo = await beside([one, other])
  const ofEach = await beside([one, other], 2 * connections)
  const rates = (those: typeof ofOne) => those.map(({ postgres }) => postgres)
  const shares = (those: typeof ofOne) =>
    ratios(
      rates(those),
      those.map(({ sqlite }) => sqlite),
    )
  return {
    fleetOneOf: shares(ofOne),
    fleetEachOf: shares(ofEach),
    fleetTwoOf: shares(ofTwo),
    fleetSqlite: [...ofOne, ...ofTwo, ...ofEach].map(({ sqlite }) => sqlite),
    fleetOne: rates(ofOne),
    fleetEach: rates(ofEach),
    fleetTwo: rates(ofTwo),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)
