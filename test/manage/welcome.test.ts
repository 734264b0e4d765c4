import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionId } from '../../src/domain/session.ts'
import { welcomeLines } from '../../src/manage/welcome.ts'
import { inbox, sessionCalled } from '../support/drafts.ts'

const nothing = {
  link: undefined,
  sessions: [],
  hooks: undefined,
  configFile: '/home/preferences/webhooks.json',
  publicUrl: undefined,
  loopback: true,
}

describe('welcomeLines', () => {
  it('says of a new home how to begin', () => {
    const standing = sessionCalled(inbox, { generation: 'standing' })
    assert.deepEqual(welcomeLines({ ...nothing, sessions: [standing] }), [
      '  Sessions   none yet; start an agent: postern run --session build -- claude',
      '  Hooks      off; "webhooks": {"enabled": true} in /home/preferences/webhooks.json turns them on',
      '  Reached    from this machine only; --public-url says under which URL others reach it',
    ])
  })

  it('says of a used one what there is, few of many', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const sessions = ids.map((id) => sessionCalled(id as SessionId, id === 'b' ? { state: 'ended' } : {}))
    assert.deepEqual(
      welcomeLines({
        ...{ ...nothing, link: 'http://x/y', sessions, hooks: ['github'], publicUrl: 'https://z' },
      }),
      [
        '  Dashboard  http://x/y  (opens once; another: postern dashboard)',
        '  Sessions   a (live), c (live), d (live), e (live), f (live), g (live) and 1 more',
        '  Hooks      wake, agent, github',
        '  Reached    at https://z',
      ],
    )
    assert.match(welcomeLines({ ...nothing, loopback: false }).join(), /from other machines, too/)
  })
})
