import type { DoorStore } from '../domain/ports.ts'
import type { Session } from '../domain/session.ts'
import type { Activities } from './activity.ts'
import { type SessionView, sessionView } from './views.ts'

interface ViewerDeps {
  readonly store: Pick<DoorStore, 'counts' | 'listPauses'>
  /** What every agent does now. */
  readonly activities: () => Promise<Activities>
}

/** Shows sessions as they are at this moment: what each does, what waits for it, and whether it is paused. */
export async function createSessionViewer({
  store,
  activities,
}: ViewerDeps): Promise<(session: Session) => SessionView> {
  const [seen, { queues }, pauses] = await Promise.all([activities(), store.counts(), store.listPauses()])
  return (session) => sessionView(session, { queues, pauses }, seen.get(session.id))
}
