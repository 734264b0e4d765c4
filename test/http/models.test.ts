import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatRegistry, type TObject } from '@sinclair/typebox'
import { Errors } from '@sinclair/typebox/errors'
import type { Grant, GrantId } from '../../src/domain/grant.ts'
import { spanUntil } from '../../src/domain/history.ts'
import type { Hook } from '../../src/domain/hook.ts'
import { type Host, parseHostName } from '../../src/domain/host.ts'
import * as answers from '../../src/http/models/answers.ts'
import * as grants from '../../src/http/models/grant.ts'
import { History } from '../../src/http/models/history.ts'
import * as hosts from '../../src/http/models/hosts.ts'
import { historyView } from '../../src/manage/history.ts'
import { hostView } from '../../src/manage/hosts.ts'
import * as views from '../../src/manage/views.ts'
import { addDelivery, addSession, createWorld } from '../cli/fake-io.ts'

const isTime = (text: string) => Number.isFinite(Date.parse(text))
if (!FormatRegistry.Has('date-time')) FormatRegistry.Set('date-time', isTime)
if (!FormatRegistry.Has('uri')) FormatRegistry.Set('uri', URL.canParse)

const world = createWorld()
const session = addSession(world, 'build')
const grant: Grant = {
  id: '9f3c1a2b7d4e5f60' as GrantId,
  session: session.id,
  verb: 'send_input',
  createdAt: 0,
  uses: 0,
}
const hook: Hook = {
  name: 'github',
  path: '/api/hooks/github',
  active: true,
  action: 'agent',
  verify: { scheme: 'github', secrets: [] },
  maxBodyBytes: 1024,
  fence: false,
}
const full = {
  answer: 'ok',
  settledAt: 1,
  acceptedAt: 1,
  payload: Uint8Array.of(65),
  events: [{ at: 0, kind: 'stored' as const }],
  attemptList: [{ number: 1, startedAt: 0, endedAt: 1, outcome: 'taken' }],
}

const host: Host = { name: parseHostName('laptop'), epoch: 1, tokenHash: 'a', createdAt: 0 }
const aroundHost = { now: 0, skew: 0, sessions: [] }

const around = { queues: new Map(), pauses: [] }

const span = spanUntil('7d', 0)

const shapes: readonly (readonly [title: string, model: TObject, view: object])[] = [
  ['Grant', grants.Grant, views.grantView(grant, 0)],
  [
    'Grant, labelled, used and revoked',
    grants.Grant,
    views.grantView(
      { ...grant, label: 'a', expiresAt: 1, revokedAt: 1, lastUsedAt: 1, maxUses: 2, pausedAt: 1 },
      2,
    ),
  ],
  ['Mint', grants.Mint, views.mintView(grant, 'http://127.0.0.1/hook/x')],
  ['Session', answers.Session, views.sessionView(session, around)],
  [
    'Session of a host',
    answers.Session,
    views.sessionView({ ...session, host: parseHostName('laptop') }, around),
  ],
  [
    'Session, ended',
    answers.Session,
    views.sessionView({ ...session, state: 'ended', why: 'exit', exitCode: 1, endedAt: 1 }, around),
  ],
  ['Host', hosts.Host, hostView(host, aroundHost)],
  ['Host, seen', hosts.Host, hostView({ ...host, aliveUntil: 1, seenAt: 1 }, aroundHost)],
  ['HostWithToken', hosts.HostWithToken, { ...hostView(host, aroundHost), token: 'pst_host_a' }],
  ['Hook', answers.Hook, views.hookView(hook, [])],
  [
    'Hook, with all',
    answers.Hook,
    views.hookView({ ...hook, session: 'a', skill: 'b', preset: 'github', template: 'c' }, [
      { target: 'hook:push', since: 1 },
    ]),
  ],
  ['History', History, historyView({ span, steps: [], since: 0, oldestKept: 1 })],
  [
    'History, with all',
    History,
    historyView({ span, steps: [{ stored: [[1, 2]], taken: [[5, 1]], failed: { turn: 1 } }] }),
  ],
  ['Delivery', answers.Delivery, views.deliveryView(addDelivery(world))],
  ['DeliveryRecord', answers.DeliveryRecord, views.recordView(addDelivery(world))],
  ['DeliveryRecord, with all', answers.DeliveryRecord, views.recordView(addDelivery(world, full))],
]

for (const [title, model, view] of shapes)
  test(`${title}: what is answered is what the document promises, no more and no less`, () => {
    assert.deepEqual(Object.keys(view).sort(), Object.keys(model.properties).sort())
    assert.deepEqual(
      [...Errors(model, view)].map(({ path, message }) => `${path}: ${message}`),
      [],
    )
  })
