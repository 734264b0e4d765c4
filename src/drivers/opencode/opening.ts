import type { DriverTools } from '../../domain/driver.ts'
import type { Session } from '../../domain/session.ts'
import type { DriverDeps } from '../deps.ts'
import type { Journal } from '../journal.ts'
import type { Api } from './api.ts'
import type { Sent } from './journal.ts'
import type { OpencodeSettings } from './settings.ts'

/** One opening of a session, and what goes on in it. */
export interface Opening {
  readonly deps: DriverDeps
  readonly session: Session
  readonly tools: DriverTools
  readonly api: Api
  readonly journal: Journal<Sent>
  readonly ending: AbortController
  /** Aborted when nothing is to go on in the background. */
  readonly closing: AbortController
  settings: OpencodeSettings
  /** A message is on its way, or its turn is waited for. */
  running: boolean
  /** A terminal that may still be starting is asked again to show the conversation. */
  showing: boolean
  /** The message whose conversation was idle although its turn had shown no end, as first seen. */
  unsettled: { readonly messageId: string; readonly answers: number; readonly since: number } | undefined
}
