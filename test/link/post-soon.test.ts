import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { DoorClient } from '../../src/link/client.ts'
import { postSoon } from '../../src/link/post-soon.ts'

describe('postSoon', () => {
  it('lets go of connections on which nothing comes, once another one is answered', async () => {
    const { client, posted, left } = clientThat((apart) => (apart ? Promise.resolve('answer') : silence()))
    assert.equal(await postSoon(client, 'renew', {}), 'answer')
    assert.deepEqual([posted, left()], [['renew', 'renew apart'], 1])
  })

  it('keeps connections that answer, and asks once', async () => {
    const { client, posted, left } = clientThat(async () => 'answer')
    assert.equal(await postSoon(client, 'renew', {}), 'answer')
    assert.deepEqual([posted, left()], [['renew'], 0])
  })

  it('throws what the door refuses, on whichever connection', async () => {
    for (const refusing of [true, false]) {
      const refusal = new Failure('already_running', 'another one serves')
      const { client, left } = clientThat((apart) =>
        apart === refusing ? Promise.reject(refusal) : silence(),
      )
      await assert.rejects(postSoon(client, 'renew', {}), refusal)
      assert.equal(left(), 0)
    }
  })
})

const silence = () => new Promise<never>(() => {})

function clientThat(answers: (apart: boolean) => Promise<unknown>) {
  const posted: string[] = []
  let left = 0
  const client: Pick<DoorClient, 'post' | 'leave'> = {
    post: (route, _value, { apart = false } = {}) => {
      posted.push(apart ? `${route} apart` : route)
      return answers(apart)
    },
    leave: () => {
      left += 1
    },
  }
  return { client, posted, left: () => left }
}
