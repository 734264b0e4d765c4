import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hook } from '../../../src/domain/hook.ts'
import { hookPath } from '../../../src/http/openapi/hook-operation.ts'

const hook: Hook = {
  ...{ name: 'x', path: '/api/hooks/x', active: true, action: 'agent', fence: false, maxBodyBytes: 1000 },
  ...{ template: '{{text}}', verify: { scheme: 'bearer', secrets: ['a secret of some length'] } },
}

interface Described {
  readonly requestBody: { readonly content: object }
  readonly responses: Readonly<Record<string, { readonly content?: object }>>
}

/** The content types of a hook's body, and of its answers by status, refusals left out. */
function typesOf(more: Partial<Hook>): readonly unknown[] {
  const [, { post }] = hookPath({ ...hook, ...more })
  const { requestBody, responses } = JSON.parse(JSON.stringify(post)) as Described
  const answers = Object.entries(responses).filter(([status]) => /^2/.test(status))
  return [
    Object.keys(requestBody.content),
    Object.fromEntries(answers.map(([status, { content = {} }]) => [status, Object.keys(content)[0]])),
  ]
}

test('hookPath names the route that signs for the admin, where anybody but the sender can', () => {
  const routes = ['stripe', 'github', 'discord'].map((scheme) => {
    const [, { post }] = hookPath({ ...hook, name: 'a b', verify: { scheme, secrets: ['x'.repeat(16)] } })
    return Reflect.get(post, 'x-signed-by')
  })
  assert.deepEqual(routes, ['/api/hooks/a%20b/send', '/api/hooks/a%20b/send', undefined])
})

const json = 'application/json'
const cases: readonly (readonly [more: Partial<Hook>, body: string, answers: object])[] = [
  [{}, json, { 200: json, 202: json }],
  [{ bodyFormat: 'form' }, 'application/x-www-form-urlencoded', { 200: json, 202: json }],
  [{ bodyFormat: 'text' }, 'text/plain', { 200: json, 202: json }],
  [{ respond: { status: 200 } }, json, { 200: json }],
  [{ respond: { status: 201, contentType: 'text/xml', body: '<a/>' } }, json, { 201: 'text/xml' }],
  [{ respond: { body: 'ok' } }, json, { 200: 'text/plain', 202: 'text/plain' }],
]
for (const [more, body, answers] of cases)
  test(`hookPath describes a hook with ${JSON.stringify(more)}`, () => {
    assert.deepEqual(typesOf(more), [[body], answers])
  })
