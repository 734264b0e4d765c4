import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import { admitTo, type PageAccess } from '../../src/http/credentials.ts'

type Asked = Partial<PageAccess> & { readonly headers?: Readonly<Record<string, string>> }

/** The code of the refusal; undefined for one that sees the page without the admin token. */
function refused({ headers, ...access }: Asked = {}): string | undefined {
  const request = new Request('http://localhost/metrics', { headers: { host: 'localhost:7717', ...headers } })
  const admin = {
    require: () => {
      throw new Failure('unauthorized', 'No.')
    },
  }
  try {
    admitTo({ access: undefined, publicUrl: undefined, peer: '127.0.0.1', ...access }, admin, request)
    return undefined
  } catch (thrown) {
    return thrown instanceof Failure ? thrown.code : String(thrown)
  }
}

describe('admitTo', () => {
  const cases: readonly (readonly [title: string, asked: Asked, code: string | undefined])[] = [
    ['from loopback, for a loopback name', {}, undefined],
    ['by IPv6', { peer: '::1', headers: { host: '[::1]:7717' } }, undefined],
    ['by a mapped address', { peer: '::ffff:127.0.0.1', headers: { host: '127.0.0.1' } }, undefined],
    ['from another machine', { peer: '192.0.2.1' }, 'unauthorized'],
    ['from nowhere', { peer: 'unknown' }, 'unauthorized'],
    ['for another name', { headers: { host: 'hooks.example.com' } }, 'unauthorized'],
    ['while a public URL is set', { publicUrl: 'https://hooks.example.com' }, 'unauthorized'],
    ...[
      ...['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'x-forwarded-host', 'Via', 'X-Real-IP'],
      ...['X-Original-Forwarded-For', 'X-Cluster-Client-IP', 'Fly-Client-IP', 'X-Azure-ClientIP', 'CF-Ray'],
      ...['CF-Connecting-IP', 'True-Client-IP', 'X-Client-IP', 'X-Envoy-External-Address'],
    ].map(
      (name) => [`through a proxy that sends ${name}`, { headers: { [name]: 'x' } }, 'unauthorized'] as const,
    ),
    ['as configured: open', { access: 'open', peer: '192.0.2.1' }, undefined],
    ['as configured: admin', { access: 'admin' }, 'unauthorized'],
    ['as configured: off', { access: 'off' }, 'not_found'],
  ]
  for (const [title, asked, code] of cases)
    it(`"open on loopback" means loopback: ${title}`, () => assert.equal(refused(asked), code))
})
