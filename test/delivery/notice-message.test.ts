import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageOf } from '../../src/delivery/notice-message.ts'
import type { Delivery } from '../../src/domain/delivery.ts'
import { type HappeningName, happeningNames, type Notice, readyTemplates } from '../../src/domain/notice.ts'
import type { SessionId } from '../../src/domain/session.ts'
import { noon } from '../support/drafts.ts'

type Event = Notice['event']

const data: Readonly<Record<HappeningName, Event['data']>> = {
  needs_input: { kind: 'permission', asks: 'permission: Bash(rm -rf build)', since: noon },
  turn_ended: { delivery: 'whd_1', outcome: 'failed', failedStep: 'turn' },
  session_ended: { generation: 'g1', exitCode: 3 },
  delivery_failed: { delivery: 'whd_1', failedStep: 'template' },
  delivery_waiting: { delivery: 'whd_1', since: noon, waiting: 2, heldBecause: 'blocked' },
  paused: { target: 'hook:github' },
  guess_alarm: { count: 1000, withinMinutes: 60, peers: 3, door: '/hook' },
}

const event = (name: HappeningName, more: Event['data'] = {}, session = 'build'): Event => ({
  ...{ name, at: noon, data: { ...data[name], ...more } },
  ...(name !== 'guess_alarm' && { session: session as SessionId }),
})

const delivery = { message: 'a secret message', answer: 'a secret answer', detail: 'it said no' } as Delivery
const decideUrl = 'https://door.example/decide/t0ken'

describe('messageOf', () => {
  const titles: Readonly<Record<HappeningName, readonly [title: string, text: string]>> = {
    needs_input: ['build needs you', 'permission: Bash(rm -rf build)'],
    turn_ended: ['build: turn failed', 'Delivery whd_1: it said no'],
    session_ended: ['build has ended', 'Its exit code was 3.'],
    delivery_failed: ['A message to build failed', 'Delivery whd_1: it said no'],
    delivery_waiting: [
      'A message waits for build',
      'Delivery whd_1 has waited since 2026-11-22T12:00:00.000Z: it said no. In the queue: 2.',
    ],
    paused: [
      'hook:github is paused',
      'What comes to it is kept or refused until: postern resume hook:github',
    ],
    guess_alarm: [
      'Somebody is guessing secrets',
      '1000 wrong ones within 60 minutes, from 3 addresses. See: postern refusals ls',
    ],
  }
  for (const name of happeningNames)
    it(`says ${name} in plain words`, () => {
      const { body, headers } = messageOf({ template: 'plain' }, event(name), { delivery })
      assert.equal(body, `${titles[name].join('\n\n')}\n`)
      assert.deepEqual(headers, { 'content-type': 'text/plain; charset=utf-8' })
    })

  it('is JSON without a template, with times as text', () => {
    const { body, headers } = messageOf({}, event('needs_input', { decision: 'dec_1' }), { decideUrl })
    assert.deepEqual(JSON.parse(body), {
      type: 'needs_input',
      timestamp: '2026-11-22T12:00:00.000Z',
      data: {
        session: 'build',
        kind: 'permission',
        asks: 'permission: Bash(rm -rf build)',
        since: '2026-11-22T12:00:00.000Z',
        decideUrl,
      },
    })
    assert.deepEqual(headers, { 'content-type': 'application/json' })
  })

  for (const template of [undefined, ...readyTemplates, '{{title}} {{text}} {{detail}} {{delivery.message}}'])
    it(`tells no message and no answer: ${template ?? 'JSON'}`, () => {
      for (const name of happeningNames) {
        const { body, headers } = messageOf({ ...(template && { template }) }, event(name), { delivery })
        assert.doesNotMatch(body + JSON.stringify(headers), /secret m|secret a/)
      }
    })

  it('for ntfy is a text with title, tag, and a button that decides', () => {
    assert.deepEqual(messageOf({ template: 'ntfy' }, event('needs_input'), { decideUrl }), {
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        title: 'build needs you',
        tags: 'raised_hand',
        priority: 'high',
        click: decideUrl,
        actions: `view, Decide, ${decideUrl}`,
      },
      body: 'permission: Bash(rm -rf build)',
    })
  })

  it('for ntfy has no header that ends early or is not ASCII', () => {
    const { headers } = messageOf(
      { template: 'ntfy' },
      event('paused', { target: 'hook:ü\r\nx-evil: 1' }),
      {},
    )
    const [, encoded = ''] = /^=\?UTF-8\?B\?(.*)\?=$/.exec(headers.title ?? '') ?? []
    assert.equal(Buffer.from(encoded, 'base64').toString(), 'hook:ü x-evil: 1 is paused')
  })

  for (const template of [...readyTemplates, '{{text}}'])
    it(`shows what nobody would see of a request: ${template}`, () => {
      const asks = 'permission: Bash: ls \u202e\u{e0100}'
      const { body } = messageOf({ template }, event('needs_input', { asks }), { request: 'a\u200bb\nc' })
      const text = template === 'slack' ? JSON.parse(body).text : body
      const shown = template === 'discord' ? JSON.parse(body).content : text
      assert.ok(shown.includes('permission: Bash: ls \\u202e\\u{e0100}\na\\u200bb\nc'), shown)
    })

  it('for Slack is text in which nothing is a command of Slack’s', () => {
    const asks = 'permission: echo <!channel> && <https://evil.example|ok>'
    const { body } = messageOf({ template: 'slack' }, event('needs_input', { asks }), { decideUrl })
    assert.equal(
      JSON.parse(body).text,
      `*build needs you*\npermission: echo &lt;!channel&gt; &amp;&amp; &lt;https://evil.example|ok&gt;\n<${decideUrl}|Decide>`,
    )
  })

  it('for Discord pings nobody, ends no block, and stays within 2,000 characters', () => {
    const asks = `@everyone \`\`\`[ok](https://evil.example) ${'x'.repeat(5000)}`
    const { body } = messageOf({ template: 'discord' }, event('needs_input', { asks }), { decideUrl })
    const { content, allowed_mentions } = JSON.parse(body)
    assert.deepEqual(allowed_mentions, { parse: [] })
    assert.ok(content.length <= 2000)
    assert.equal(content.split('```').length, 3)
    assert.ok(content.endsWith(`\n${decideUrl}`))
  })

  const own: readonly (readonly [template: string, body: string])[] = [
    ['{{event}} {{session}} {{outcome}}', 'turn_ended build failed'],
    ['{{message}} -> {{answer}}', 'a secret message -> a secret answer'],
    ['{"t": "{{detail}}"}', '{"t": "it said no"}'],
    ['{{#failedStep}}{{title}}{{/failedStep}}{{^exitCode}}!{{/exitCode}}', 'build: turn failed!'],
  ]
  for (const [template, body] of own)
    it(`renders ${template}`, () => {
      const message = messageOf({ template }, event('turn_ended'), { delivery })
      assert.equal(message.body, body)
      const type = template.startsWith('{"') ? 'application/json' : 'text/plain; charset=utf-8'
      assert.deepEqual(message.headers, { 'content-type': type })
    })

  it('escapes values for JSON, and leaves out what is gone', () => {
    const template = '{"asks": "{{asks}}", "message": "{{message}}"}'
    const { body } = messageOf({ template }, event('needs_input', { asks: 'say "hi"\n\\' }), {})
    assert.deepEqual(JSON.parse(body), { asks: 'say "hi"\n\\', message: '' })
  })
})
