import { Failure } from './error.ts'

const spelling = /^[a-z0-9][a-z0-9._-]{0,63}$/

/** Whether a session, or a host, can be called that. */
export const isName = (text: string): boolean => spelling.test(text)

/** Throws `usage`; `what` begins the sentence. */
export function requireName(text: string, what: string, example: string): void {
  if (!isName(text))
    throw new Failure(
      'usage',
      `${what} is 1 to 64 of a-z 0-9 . _ - and starts with a letter or digit, for example "${example}".`,
    )
}
