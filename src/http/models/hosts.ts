import type { Static } from '@sinclair/typebox'
import { hostStates } from '../../domain/host.ts'
import * as t from './shape.ts'

const host = {
  name: t.text({ example: 'laptop' }),
  kind: t.oneOf(['door', 'host'], {
    description: 'door: one of several that share a store, with sessions of its own.',
  }),
  state: t.oneOf(hostStates, {
    description: 'waiting: it has never come. Only one that is there takes messages.',
  }),
  seenAt: t.orNull(t.time, { description: 'When it was last heard of.' }),
  createdAt: { ...t.time, description: 'Of a door, since when it is there: the first of them keeps house.' },
  sessions: t.whole('Open sessions that it has.'),
}

export type Host = Static<typeof Host>
export const Host = t.named('Host', 'A machine that may join this door with agents of its own.', host)

export type HostWithToken = Static<typeof HostWithToken>
export const HostWithToken = t.named('HostWithToken', 'A host with the token that it joins with.', {
  ...host,
  token: t.text({
    example: `pst_host_${'A'.repeat(43)}`,
    description: 'The whole key, shown this once.',
  }),
})

export type HostOrder = Static<typeof HostOrder>
export const HostOrder = t.closed(
  { name: t.someText({ description: '1 to 64 of a-z 0-9 . _ - that begin with a letter or digit.' }) },
  { $id: 'HostOrder', example: { name: 'laptop' } },
)
