import type { RequestGuard } from '../http/guard.ts'

/** Of requests that this process makes of its own routes: they came by no Host and no Origin. */
export const guardInside = (guard: RequestGuard, own: Partial<RequestGuard>): RequestGuard => ({
  ...guard,
  hosts: { check: () => {}, checkForm: () => {} },
  ...own,
})

/** Such a request. */
export const requestInside = (method: string, path: string, body: unknown): Request =>
  new Request(`http://localhost${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
