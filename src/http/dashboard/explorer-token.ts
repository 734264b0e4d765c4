import { createHmac } from 'node:crypto'
import { sameText } from '../../auth/secrets.ts'
import type { Login, Logins } from './logins.ts'

/**
 * What the API explorer shows to the API for who is logged in: only its page gets it, it opens what the admin token opens, and it
 * ends with the login. The cookie itself opens nothing there, so that no other site's page can use it; nor does what is kept of
 * the login in a file, or stands in its forms, to who has not the admin token.
 */
export const explorerTokenOf = ({ csrf }: Pick<Login, 'csrf'>, adminToken: string): string =>
  prefix + createHmac('sha256', adminToken).update(`explorer of ${csrf}`).digest('base64url')

const prefix = 'login_'

/** Whether `token` is the explorer token of a login that is not over. `logins` is called only for what begins as one. */
export const isExplorerToken = (
  logins: () => Pick<Logins, 'list'>,
  adminToken: () => string,
  token: string,
): boolean =>
  token.startsWith(prefix) &&
  logins()
    .list()
    .some((login) => sameText(token, explorerTokenOf(login, adminToken())))
