import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Door, openDoor } from '../support/fleet.ts'
import { declaredIn, type Place, sessionsOf, startLoad } from '../support/fleet-load.ts'
import { configure } from '../support/hooks.ts'
import { rounds } from '../support/long.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const times = rounds(6, 120)
const hostNames = ['one', 'two', 'three']
const sessionsEach = 10
const senders = 5

interface Machine extends Place {
  readonly proxy: TcpProxy
  readonly again: () => ReturnType<Awaited<ReturnType<Door['host']>>['again']>
  process: Awaited<ReturnType<Awaited<ReturnType<Door['host']>>['again']>>
}

async function machine(door: Door, name: string): Promise<Machine> {
  const proxy = await startProxy(door.url)
  const { folder, home, again, process } = await door.host(name, proxy.address.replace(/\/$/, ''))
  const sessions = sessionsOf(name, sessionsEach)
  configure(home, { sessions: declaredIn(folder, sessions) })
  await process.stop()
  return { proxy, sessions, folder, again, process: await again() }
}

describe('a door and three hosts of which each is killed and cut off now and then', () => {
  it('lose nothing that was answered 2xx, keep its order, and send again only what is shown as unknown', {
    timeout: 3_600_000,
  }, async () => {
    const door = await openDoor({ config: { limits: { knocksPerMinute: 0 } } })
    const machines = await Promise.all(hostNames.map((name) => machine(door, name)))
    const load = await startLoad({
      ...{ urls: [door.url], home: door.home, places: machines },
      ...{ senders, betweenMs: 200 },
    })
    let server = door.server
    const killDoor = async () => {
      await server.kill9()
      await pause(300)
      server = await door.again()
    }
    const killHost = async (one: Machine) => {
      await one.process.kill9()
      await pause(200)
      one.process = await one.again()
    }
    const cutOff = async ({ proxy }: Machine) => {
      proxy.cut(true)
      await pause(1500)
      proxy.cut(false)
    }
    const loseAnswer = async ({ proxy }: Machine) => {
      proxy.loseAnswerTo(['/claim', 'settleDelivery', 'acceptDelivery'][load.sent.length % 3] ?? '')
    }
    const troubles = [killHost, cutOff, killDoor, loseAnswer]
    for (let round = 0; round < times; round++) {
      await pause(500 + Math.random() * 700)
      const one = machines[Math.floor(Math.random() * machines.length)]
      assert.ok(one)
      await troubles[round % troubles.length]?.(one)
      if (round % 3 === 1) await load.revoke(round * 11)
    }
    await pause(1000)
    await load.check(times * senders)
    for (const { process, proxy } of machines) {
      await process.stop()
      await proxy.close()
    }
    await server.stop()
  })
})
