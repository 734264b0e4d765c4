import { grantState } from '../../../domain/grant.ts'
import { iso } from '../../../manage/views.ts'
import { type Examination, type Finding, note, opened } from './findings.ts'

/** What is held or closed by hand: somebody may have forgotten it. Nothing where nothing is. */
export function checkPauses(call: Examination): Promise<readonly Finding[]> {
  return opened(call, [], async ({ store, clock }) => {
    const grants = (await store.listGrants({})).filter((grant) => grantState(grant, clock.now()) === 'paused')
    const paused = [
      ...(await store.listPauses()).map(({ target, since }) => ({ target: target as string, since })),
      ...grants.map(({ id, pausedAt = 0 }) => ({ target: `grant:${id}`, since: pausedAt })),
    ]
    return paused.map(({ target, since }) =>
      note(`${target} is paused since ${iso(since)}`, `postern resume ${target}`),
    )
  })
}
