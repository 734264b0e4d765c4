import { Failure } from '../domain/error.ts'
import { readBody } from './body.ts'

/** The fields of a form. Throws `unsupported_media_type`, `malformed` or `too_large`. */
export async function readForm(request: Request, maxBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    throw new Failure('unsupported_media_type', 'Send the form of the page.')
  return new URLSearchParams(textOf(await readBody(request, maxBytes)))
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Failure('malformed', 'The form is not valid UTF-8.', { cause })
  }
}
