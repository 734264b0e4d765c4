import type { DeliveryRecord } from '../domain/delivery.ts'
import { Failure } from '../domain/error.ts'
import { withoutFence } from '../domain/fence.ts'
import { builtInHooks, type Hook } from '../domain/hook.ts'
import { inShellQuotes } from '../domain/shell-quote.ts'
import { canSign } from '../providers/index.ts'
import { curlOf, type Place } from './curl.ts'
import { showsSecret } from './proof.ts'
import { sampleOf } from './rehearse.ts'

/** A command line that sends a delivery's request again. */
interface CurlCommand {
  /** What a person needs to know before it is pasted. */
  readonly note: string
  readonly line: (place: Place) => string
}

/**
 * Sends the request of a delivery again from a shell: to the hook, URL or API it came by, as another delivery. Signatures are made
 * when `line` is called; secrets stay shell variables. Undefined for a wait, and where the hook is not configured any more.
 */
export function commandFor(record: DeliveryRecord, hooks: readonly Hook[]): CurlCommand | undefined {
  const { source } = record
  if (source.kind === 'wait') return undefined
  if (source.kind !== 'hook') return source.kind === 'admin' ? byOperator(record) : byUrl(record)
  if (builtInHooks.some((name) => name === source.hook)) return byBuiltIn(record, source.hook)
  const hook = hooks.find(({ name }) => name === source.hook)
  const sample = sampleOf(record)
  return hook && sample && { note: noteOf(hook), line: (place) => curlOf(hook, sample, place).curl }
}

/** The same. Throws `not_found` where there is none. */
export function neededCommand(record: DeliveryRecord, hooks: readonly Hook[]): CurlCommand {
  const command = commandFor(record, hooks)
  if (command) return command
  const why =
    record.source.kind === 'wait' ? 'No request brought it.' : 'Its hook is not configured any more.'
  throw new Failure('not_found', why)
}

const byUrl = (record: DeliveryRecord): CurlCommand => ({
  note: 'Its URL is kept nowhere: put it into the variable POSTERN_URL first.',
  line: () => lineOf('"$POSTERN_URL"', undefined, bodyOf(record)),
})

const byOperator = (record: DeliveryRecord): CurlCommand => ({
  note: 'Put the admin token into the variable ADMIN first; it lies in keys/admin.token.',
  line: ({ base }) =>
    lineOf(inShellQuotes(`${base}/api/deliveries`), 'ADMIN', { session: record.session, ...bodyOf(record) }),
})

const byBuiltIn = (record: DeliveryRecord, hook: string): CurlCommand => ({
  note: secretNote,
  line: ({ base }) => lineOf(inShellQuotes(`${base}/api/hooks/${hook}`), 'SECRET', bodyOf(record)),
})

const secretNote = 'Put the secret into the variable SECRET first.'

function noteOf(hook: Hook): string {
  if (!canSign(hook)) return 'Without its proof, which only its sender can make.'
  return showsSecret(hook)
    ? secretNote
    : 'It holds a signature of these bytes, made when it is copied; never the secret.'
}

const lineOf = (url: string, bearer: string | undefined, body: object): string =>
  [
    `curl -X POST ${url}`,
    ...(bearer === undefined ? [] : [`-H "authorization: Bearer $${bearer}"`]),
    "-H 'content-type: application/json'",
    `--data-raw ${inShellQuotes(jsonOf(body))}`,
  ].join(' \\\n  ')

/** JSON leaves DEL and C1 as they are, which a terminal obeys. */
const jsonOf = (body: object): string =>
  JSON.stringify(body).replaceAll(
    /[\x7f-\x9f]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** The JSON body of a message; the prefix that `from` put before it is made again from `from`. */
function bodyOf({ message, from }: DeliveryRecord) {
  const text = withoutFence(message)
  if (from === undefined) return { message: text }
  const prefix = `[${from}] `
  return { message: text.startsWith(prefix) ? text.slice(prefix.length) : text, from }
}
