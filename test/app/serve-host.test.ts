import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { serveHost } from '../../src/app/serve-host.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Claim } from '../../src/domain/claim.ts'
import type { Connection, Driver } from '../../src/domain/driver.ts'
import { Failure } from '../../src/domain/error.ts'
import { homeAt } from '../../src/domain/home.ts'
import type { HostName } from '../../src/domain/host.ts'
import { build, draftOf, sessionCalled } from '../support/drafts.ts'
import { until } from '../support/hooks.ts'
import { openScratchStore } from '../support/scratch-store.ts'

const host = 'laptop' as HostName

describe('a host whose word of how an attempt ended was stored, and its answer lost', () => {
  it('does not begin that message again before it is answered', async () => {
    const root = mkdtempSync(join(tmpdir(), 'postern-host-'))
    const store = await openScratchStore(join(root, 'door.db'))
    await store.addHost(host, 'a'.repeat(64), Date.now())
    const attached = await store.attachHost(host, Date.now(), Date.now() + 60_000)
    await store.openSession(sessionCalled(build, { host }), { replace: false })
    const now = Date.now()
    const { delivery } = await store.recordDelivery(
      draftOf({ session: build, receivedAt: now, expiresAt: now + 60_000 }),
    )
    const time = () => ({ wall: Date.now(), store: Date.now(), skew: 0 })
    const isLeased = async () => (await store.findDelivery(delivery.id))?.leasedUntil !== undefined
    let [begun, told] = [0, 0]
    const answers: Record<string, (value: never) => unknown> = {
      renew: () => ({ time: time() }),
      claim: async ({ limit, holding }: Pick<Claim, 'limit' | 'holding'>) => {
        const claim = { now: Date.now(), leaseMs: 60_000, limit, except: [], host, holding: holding ?? [] }
        return { deliveries: await store.claimDue(claim), requests: [], changed: false }
      },
      call: async ({ method, args }: { method: 'findSession'; args: never }) => {
        const act = store[method] as (...all: unknown[]) => Promise<unknown>
        const answer = await act(...(args as unknown[]))
        if (String(method) !== 'settleDelivery') return answer
        told += 1
        if (told === 1) await until('it has been claimed again', isLeased)
        if (told === 1) throw new Failure('unreachable', 'the answer is lost')
        return answer
      },
    }
    const connection = {
      state: async () => ({ kind: 'idle' }),
      inject: async () => {
        begun += 1
        if (begun === 1) return { kind: 'released', why: 'not sent' }
        await new Promise((resolve) => setTimeout(resolve, 1500))
        return { kind: 'taken', evidence: 'ack' }
      },
      recall: async () => undefined,
      skills: async () => undefined,
      end: async () => {},
      close: async () => {},
    } as unknown as Connection
    const driver = { kind: 'command', summary: '', delivery: 'push', connect: () => connection }
    const stopping = new AbortController()
    const config = await loadConfig({ home: homeAt(root), env: {}, flags: {}, read: async () => '{}' })
    const serving = serveHost(
      {
        ...{ home: homeAt(root), userHome: root, config: () => config, log: () => {}, host },
        clock: { now: Date.now, random: Math.random, bytes: (n: number) => new Uint8Array(n) },
        client: {
          post: async (route, value) => answers[route]?.(value as never),
          leave: () => {},
          close: () => {},
        },
        joined: { url: 'http://127.0.0.1:1', token: '' },
        attached: { epoch: attached?.epoch ?? 0, time: time() },
        drivers: new Map([['command', driver as unknown as Driver]]),
      },
      stopping.signal,
    )
    const isDelivered = async () => (await store.findDelivery(delivery.id))?.state === 'DELIVERED'
    await until('it is delivered', isDelivered, 20_000)
    assert.equal(begun, 2)
    stopping.abort()
    await serving
    await store.close()
  })
})
