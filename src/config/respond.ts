import { reasonOf } from '../domain/error.ts'
import type { Respond } from '../domain/hook.ts'
import { compileTemplate } from '../payload/template.ts'
import type { Complain, ConfigPath } from './problem.ts'

/** Complains of an answer that no sender could be given. */
export function checkRespond(respond: Respond | undefined, at: ConfigPath, complain: Complain): void {
  const { status = 200, contentType, body } = respond ?? {}
  if (contentType !== undefined && !isMediaType(contentType))
    complain([...at, 'contentType'], 'must be a media type such as application/json')
  if (contentType !== undefined && body === undefined)
    complain([...at, 'contentType'], 'means nothing without body')
  if (body !== undefined && body !== '' && bodiless.includes(status))
    complain([...at, 'body'], `must be left out: an answer of status ${status} has none`)
  try {
    compileTemplate(body ?? '')
  } catch (thrown) {
    complain([...at, 'body'], reasonOf(thrown))
  }
}

/** RFC 9110, sections 15.3.5 and 15.3.6. */
const bodiless: readonly number[] = [204, 205]

const isMediaType = (text: string): boolean =>
  /^[a-z]+\/[a-z0-9.+_-]+(; ?[a-z0-9-]+="?[a-z0-9._-]+"?)*$/i.test(text)
