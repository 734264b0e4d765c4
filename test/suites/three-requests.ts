import assert from 'node:assert/strict'
import type { Bench } from '../drivers/agent-process/bench.ts'
import { createFakeDecisions } from '../support/fake-decisions.ts'
import { deliveryId, patience, turn } from './owned-driver.ts'

interface Expected {
  /** Of the requests, in their order. */
  readonly titles: readonly [string, string, string]
  /** What a person is asked for the first of them. */
  readonly asks: string
  readonly checkDetail: (detail: string) => void
}

/** An agent asks three things in one turn: the last is allowed, then the first denied, and nobody decides on the second. */
export async function decideThree(bench: Bench, { titles, asks, checkDetail }: Expected): Promise<void> {
  const decisions = createFakeDecisions()
  const connection = bench.connect(undefined, { decisions })
  const running = turn(connection, 'TOOL:3')
  const [x, y, z] = await decisions.countAsked(3)
  assert.ok(x && y && z)
  assert.deepEqual(
    [x, y, z].map(({ request }) => request.title),
    titles,
  )
  assert.equal(new Set([x, y, z].map(({ request }) => request.id)).size, 3)
  assert.equal(x.request.delivery, deliveryId)
  checkDetail(x.request.detail)
  const state = await connection.state(patience())
  assert.ok(state.kind === 'blocked' && state.asks === asks, JSON.stringify(state))
  assert.equal(await z.decide('allow'), undefined)
  assert.equal(await x.decide('deny'), undefined)
  y.expire()
  assert.equal((await running).kind, 'completed')
}
