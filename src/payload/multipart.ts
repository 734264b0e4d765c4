import { Failure } from '../domain/error.ts'
import { type Fields, maxFields, tooManyFields } from './form.ts'

export interface Multipart {
  readonly fields: Fields
  /** The names of the files that were sent, by field; what is in them is not looked at. */
  readonly files: Fields
}

/** A multipart form (RFC 7578), by the runtime's own reader; of a repeated field the last value. */
export async function readMultipart(bytes: Uint8Array, contentType: string): Promise<Multipart> {
  if (countParts(bytes, contentType) > maxFields) throw tooManyFields()
  const fields: Record<string, string> = Object.create(null)
  const files: Record<string, string> = Object.create(null)
  for (const [name, value] of await entriesOf(bytes, contentType))
    if (typeof value === 'string') fields[name] = value
    else files[name] = value.name
  return { fields, files }
}

async function entriesOf(bytes: Uint8Array, contentType: string): Promise<FormData> {
  try {
    return await new Response(Buffer.from(bytes), { headers: { 'content-type': contentType } }).formData()
  } catch (cause) {
    throw new Failure('malformed', 'The body is not the multipart form that its Content-Type names.', {
      cause,
    })
  }
}

/** At least as many as there are. */
function countParts(bytes: Uint8Array, contentType: string): number {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const mark = `--${/boundary="?([^";,]+)/i.exec(contentType)?.[1] ?? ''}`
  let count = 0
  for (let at = body.indexOf(mark); at >= 0 && count <= maxFields; at = body.indexOf(mark, at + 1)) count++
  return count
}
