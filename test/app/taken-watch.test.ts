import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTakenWatch } from '../../src/app/taken-watch.ts'
import type { HostName } from '../../src/domain/host.ts'
import type { Session } from '../../src/domain/session.ts'
import { build, sessionCalled } from '../support/drafts.ts'

const [here, there] = ['here' as HostName, 'there' as HostName]
const on = (host: HostName | undefined, about: Partial<Session> = {}) =>
  sessionCalled(build, { ...(host && { host }), ...about })

const cases: readonly [what: string, looks: readonly Session[], told: string | undefined][] = [
  ['one that another host has now', [on(here), on(there)], 'on the host "there"'],
  ['one that belongs to nobody now', [on(here), on(undefined)], 'at the door'],
  ['none that was opened anew here', [on(here), on(here, { generation: 'g2' })], undefined],
  ['none that was another’s already', [on(there), on(there)], undefined],
  ['none that had ended here', [on(here), on(here, { state: 'ended' }), on(there)], undefined],
  ['none that ended elsewhere', [on(here), on(there, { state: 'ended' })], undefined],
]

describe('createTakenWatch', () => {
  for (const [what, looks, told] of cases)
    it(`tells ${what}${told ? ', once' : ''}`, () => {
      const logged: unknown[] = []
      const look = createTakenWatch(here, (_level, event, fields) => logged.push([event, fields]))
      for (const session of [...looks, ...looks.slice(-1)]) look([session])
      const expected = ['session.taken', { session: build, why: `it was opened ${told}` }]
      assert.deepEqual(logged, told ? [expected] : [])
    })
})
