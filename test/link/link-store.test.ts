import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import { linkStore } from '../../src/link/link-store.ts'

const away = new Failure('unreachable', 'The door cannot be reached.')
const client = { post: () => Promise.reject(away) }

it('tells a command that its door is out of reach', async () => {
  await assert.rejects(linkStore({ client }).listSessions(), away)
})

it('tells what delivers that its store is away: nothing is known of what was asked', async () => {
  const { listSessions } = linkStore({ client, persist: new AbortController().signal })
  await assert.rejects(listSessions(), { code: 'store_unavailable', message: away.message })
})
