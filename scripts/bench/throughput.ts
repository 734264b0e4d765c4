import { pathOf } from './home.ts'
import { type Bench, inRounds, pause } from './plan.ts'
import { memoryMb } from './proc.ts'
import { startScript } from './server.ts'
import { ratios } from './stats.ts'
import { flood, warmUp } from './wrk.ts'

/** Durable knocks beside a bare route that parses the same body and stores nothing: rate, processor time, memory. */
export async function throughput({ plan, home }: Bench) {
  await using bare = await startScript('bare.ts')
  await using postern = await home()
  await pause(1000)
  const idle = memoryMb(postern.pid).now
  await warmUp(bare, pathOf(postern, 0))
  await warmUp(postern, pathOf(postern, 0))
  const floods = await inRounds(plan.rounds, async (round) => {
    const order = { path: pathOf(postern, round), seconds: plan.seconds, connections: 64 }
    return { bare: await flood(bare, order), durable: await flood(postern, order) }
  })
  const [bareRate, bareCpu] = [
    floods.map(({ bare }) => bare.perSecond),
    floods.map(({ bare }) => bare.cpuMicros),
  ]
  const [rate, cpu] = [
    floods.map(({ durable }) => durable.perSecond),
    floods.map(({ durable }) => durable.cpuMicros),
  ]
  return {
    bareRate,
    rate,
    rateOfBare: ratios(rate, bareRate),
    bareCpu,
    cpu,
    cpuOfBare: ratios(cpu, bareCpu),
    memoryIdle: [idle],
    memoryLoaded: [memoryMb(postern.pid).peak],
  }
}
