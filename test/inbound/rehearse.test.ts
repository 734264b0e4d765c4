import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Hook } from '../../src/domain/hook.ts'
import { exampleOf, rehearse } from '../../src/inbound/rehearse.ts'
import { presetNames } from '../../src/providers/index.ts'

const hookOf = (fields: Partial<Hook>): Hook => ({
  name: 'h',
  path: '/api/hooks/h',
  active: true,
  action: 'agent',
  verify: { scheme: 'bearer', secrets: [] },
  maxBodyBytes: 1_048_576,
  fence: false,
  ...fields,
})

const warningOf = async (
  fields: Partial<Hook>,
  payload: unknown,
  headers: Readonly<Record<string, string>> = {},
) =>
  (
    await rehearse(
      hookOf(fields),
      {
        payload: new TextEncoder().encode(JSON.stringify(payload)),
        headers: { 'content-type': 'application/json', ...headers },
      },
      'c0ffee00c0ffee00',
    )
  ).warning

const lacks = (names: string) => `the payload does not fit this hook: it lacks ${names}`
const push = { 'x-github-event': 'push' }

describe('rehearse, of a payload that does not fit (it read "Push to  by :" without a word)', () => {
  const template = 'Push to {{repository.name}} by {{sender.login}}: {{#forced}}{{reason}}{{/forced}}'
  const cases: readonly (readonly [
    string,
    Partial<Hook>,
    unknown,
    Readonly<Record<string, string>>,
    string?,
  ])[] = [
    ['a template', { template }, { a: 1 }, {}, lacks('repository.name, sender.login')],
    ['a template of half of it', { template }, { sender: { login: 'a' } }, {}, lacks('repository.name')],
    ['a template that fits', { template }, { repository: { name: 'r' }, sender: { login: null } }, {}],
    [
      'many names',
      { template: '{{a}}{{b}}{{c}}{{d}}{{e}}{{f}}{{g}}' },
      {},
      {},
      lacks('a, b, c, d, e and 2 more'),
    ],
    ['a preset', { preset: 'github' }, { a: 1 }, push, lacks('ref')],
    ['a preset without an event', { preset: 'github' }, { a: 1 }, {}, lacks('the name of an event')],
    ['a preset that fits', { preset: 'github' }, { ref: 'refs/heads/main' }, push],
    [
      'a template over a preset',
      { preset: 'github', template: '{{branch}} {{x}}' },
      { ref: 'r' },
      push,
      lacks('x'),
    ],
    ['what is ignored', { template, filter: { path: 'a', exists: true } }, {}, {}],
  ]
  for (const [title, hook, payload, headers, warning] of cases)
    it(`${warning === undefined ? 'says nothing' : 'warns'} of ${title}`, async () =>
      assert.equal(await warningOf(hook, payload, headers), warning))

  for (const preset of presetNames)
    it(`says nothing of the example of ${preset}`, async () => {
      const hook = hookOf({ preset })
      const rehearsal = await rehearse(hook, exampleOf(hook, {}), 'c0ffee00c0ffee00')
      assert.deepEqual([rehearsal.kind, rehearsal.warning], ['message', undefined])
    })
})
