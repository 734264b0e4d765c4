import assert from 'node:assert/strict'
import type { Served } from './binary.ts'
import { adminToken } from './hooks.ts'

interface Minted {
  /** Of the URL; the port changes when the server starts again. */
  readonly path: string
  readonly grantId: string
  /** The URL's last segment. */
  readonly token: string
}

/** A program with the admin token, at the server that runs now. */
export interface AdminProgram {
  /** What `/api/<path>` answers; anything but 2xx fails the test. */
  ask<T>(method: string, path: string, order?: object): Promise<T>
  /** The bare answer. */
  call(method: string, path: string, order?: object): Promise<Response>
  mint(order: object): Promise<Minted>
}

/** The token is read when it is needed first: it is made with the home. */
export function adminOf(home: string, server: () => Served): AdminProgram {
  let token: Promise<string> | undefined
  const call = async (method: string, path: string, order?: object): Promise<Response> => {
    token ??= adminToken(home)
    return fetch(`${server().url}/api/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await token}`,
        ...(order && { 'content-type': 'application/json' }),
      },
      ...(order && { body: JSON.stringify(order) }),
    })
  }
  const ask = async <T>(method: string, path: string, order?: object): Promise<T> => {
    const response = await call(method, path, order)
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  return {
    ask,
    call,
    mint: async (order) => {
      const { webhook, grantId } = await ask<{ webhook: string; grantId: string }>('POST', 'grants', order)
      const { pathname } = new URL(webhook)
      return { path: pathname, grantId, token: pathname.slice('/hook/'.length) }
    },
  }
}

/** A knock with a capability URL; `wait=0` unless it prefers otherwise. */
export async function knockAt(url: string, message: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=0', ...headers },
    body: JSON.stringify({ message }),
  })
  const { deliveryId, reason } = (await response.json()) as { deliveryId: string; reason?: string }
  return {
    status: response.status,
    deliveryId,
    reason,
    replayed: response.headers.get('idempotency-replayed') === 'true',
  }
}
