import { channelOf, type SessionId, sessionOf } from './session.ts'

/** What a grant opens: one session, or one hook by its name. */
export type Opened =
  | { readonly session: SessionId; readonly hook?: undefined }
  | { readonly hook: string; readonly session?: undefined }

const hooks = 'postern:/hooks/'
const hookName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** `postern:/sessions/build` or `postern:/hooks/github`. */
export const channelOfOpened = (opened: Opened): string =>
  opened.session === undefined ? hooks + opened.hook : channelOf(opened.session)

/** What a channel opens, or undefined when it is not a channel of ours. */
export function openedBy(channel: string): Opened | undefined {
  const hook = channel.startsWith(hooks) ? channel.slice(hooks.length) : ''
  if (hookName.test(hook)) return { hook }
  const session = sessionOf(channel)
  return session === undefined ? undefined : { session }
}
