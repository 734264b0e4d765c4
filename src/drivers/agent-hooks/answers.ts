import type { Driver } from '../../domain/driver.ts'
import { openHookEvents } from './event-file.ts'

/** A screen shows no answer; an agent whose hooks have reported turns tells it. */
export const answersByHooks: NonNullable<Driver['answers']> = async (session, { runDir }) =>
  (await openHookEvents(runDir, session).habit()) !== 'silent'
