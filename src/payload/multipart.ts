import { Failure } from '../domain/error.ts'
import { type Fields, maxFields, tooManyFields } from './form.ts'

export interface Multipart {
  readonly fields: Fields
  /** The names of the files that were sent, by field; what is in them is not looked at. */
  readonly files: Fields
}

/** A multipart form (RFC 7578), by the runtime's own reader; of a repeated field the last value. */
export async function readMultipart(bytes: Uint8Array, contentType: string): Promise<Multipart> {
  const marks = countMarks(bytes, contentType)
  if (marks > maxFields) throw tooManyFields()
  const entries = [...(await formDataOf(bytes, contentType))]
  // Where lines end without a carriage return, one runtime takes the parts for the text of the one before, or for nothing.
  if (entries.length < marks - 1) throw malformed()
  const fields: Record<string, string> = Object.create(null)
  const files: Record<string, string> = Object.create(null)
  for (const [name, value] of entries)
    if (typeof value === 'string') fields[name] = value
    else files[name] = value.name
  return { fields, files }
}

async function formDataOf(bytes: Uint8Array, contentType: string): Promise<FormData> {
  try {
    return await new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: { 'content-type': contentType },
    }).formData()
  } catch (cause) {
    throw malformed(cause)
  }
}

const malformed = (cause?: unknown): Failure =>
  new Failure(
    'malformed',
    'The body is not the multipart form that its Content-Type names: named parts, lines that end in CR LF.',
    { cause },
  )

/** How many lines begin with the boundary: one more than there are parts. */
function countMarks(bytes: Uint8Array, contentType: string): number {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const mark = `--${/boundary="?([^";,]+)/i.exec(contentType)?.[1]?.trim() ?? ''}`
  const line = `\n${mark}`
  let count = body.subarray(0, mark.length).toString() === mark ? 1 : 0
  for (let at = body.indexOf(line); at >= 0 && count <= maxFields; at = body.indexOf(line, at + 1)) count++
  return count
}
