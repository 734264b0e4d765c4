import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import type { DeliveryRecord, Source } from '../../src/domain/delivery.ts'
import type { GrantId } from '../../src/domain/grant.ts'
import { commandFor } from '../../src/inbound/delivery-curl.ts'
import { addDelivery, createWorld } from '../cli/fake-io.ts'
import { hookOf } from '../support/hook-pages.ts'

const place = { base: 'https://door.example', now: Date.parse('2026-11-22T10:00:00Z') }
const secret = 'a-secret-nobody-may-see'
const payload = new TextEncoder().encode(`{"it's":"O'Neill $HOME"}`)

const came = (source: Source, change: Partial<DeliveryRecord> = {}): DeliveryRecord =>
  addDelivery(createWorld(), { source, message: `[ci] it's done`, from: 'ci', ...change })
const byHook = (hook: string) =>
  came({ kind: 'hook', hook }, { payload, contentType: 'application/json', headers: { 'x-event': 'push' } })

describe('commandFor', () => {
  it('signs a request of now where the hook signs, and shows no secret', () => {
    const hook = hookOf({ verify: { scheme: 'github', secrets: [secret] } })
    const command = commandFor(byHook('news'), [hook]) ?? assert.fail()
    const line = command.line(place)
    const signature = createHmac('sha256', secret).update(payload).digest('hex')
    assert.ok(line.includes(`'x-hub-signature-256: sha256=${signature}'`), line)
    assert.ok(line.startsWith(`curl -X POST 'https://door.example/api/hooks/news'`), line)
    assert.ok(line.endsWith(`--data-raw '{"it'\\''s":"O'\\''Neill $HOME"}'`), line)
    assert.ok(line.includes("-H 'x-event: push'"), line)
    assert.match(command.note, /signature/)
    assert.ok(!line.includes(secret))
  })

  it('leaves a secret that is shown as it is to a variable', () => {
    const command = commandFor(byHook('news'), [hookOf()]) ?? assert.fail()
    assert.match(command.line(place), /-H 'authorization: Bearer '"\$SECRET"/i)
    assert.match(command.note, /variable SECRET/)
    assert.ok(!command.line(place).includes(secret))
  })

  const others: readonly (readonly [source: Source, line: readonly string[], note: RegExp])[] = [
    [
      { kind: 'grant', grant: '9f3c1a2b7d4e5f60' as GrantId },
      ['curl -X POST "$POSTERN_URL"', `--data-raw '{"message":"it'\\''s done","from":"ci"}'`],
      /POSTERN_URL/,
    ],
    [
      { kind: 'admin' },
      [
        `curl -X POST 'https://door.example/api/deliveries'`,
        '"authorization: Bearer $ADMIN"',
        `'{"session":"build","message":"it'\\''s done","from":"ci"}'`,
      ],
      /ADMIN/,
    ],
    [
      { kind: 'hook', hook: 'wake' },
      [`'https://door.example/api/hooks/wake'`, '"authorization: Bearer $SECRET"', `"from":"ci"}'`],
      /SECRET/,
    ],
  ]
  for (const [source, parts, note] of others)
    it(`goes the way of ${JSON.stringify(source)}`, () => {
      const command = commandFor(came(source), []) ?? assert.fail()
      for (const part of parts) assert.ok(command.line(place).includes(part), command.line(place))
      assert.match(command.note, note)
    })

  it('spells what a terminal would obey in a message', () => {
    const line =
      commandFor(came({ kind: 'admin' }, { message: 'a\x7f\u009bb\x03' }), [])?.line(place) ?? assert.fail()
    assert.ok(line.includes('a\\u007f\\u009bb\\u0003'), line)
  })

  it('is none where the hook is configured no more, or nothing was kept', () => {
    assert.equal(commandFor(byHook('gone'), [hookOf()]), undefined)
    assert.equal(commandFor(came({ kind: 'hook', hook: 'news' }), [hookOf()]), undefined)
  })
})
