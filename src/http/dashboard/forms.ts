import type { Login } from './logins.ts'

/** Answers a posted form of who is logged in, once its secret was checked. */
export type AnswerForm = (
  request: Request,
  act: (form: URLSearchParams, login: Login) => Promise<Response>,
) => Promise<Response>

/** Of what stands in no API document. */
export const hidden = { detail: { hide: true } }

/** The form is read by the login guard. */
export const posted = { parse: 'none', ...hidden } as const

/** Browsers send every line of a textarea with CRLF. */
export const linesOf = (text: string | null): string => (text ?? '').replaceAll('\r\n', '\n')
