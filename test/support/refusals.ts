import type { NewRefusal } from '../../src/domain/refusal.ts'

/** A refusal of a hook's proof, unless it is told otherwise. */
export const refusalOf = (more: Partial<NewRefusal> = {}): NewRefusal => ({
  ...{ at: 1000, door: '/api/hooks/github', status: 401, code: 'unauthorized' },
  ...{ cause: 'signature does not match', peer: '192.0.2.1', requestId: 'r' },
  ...more,
})
