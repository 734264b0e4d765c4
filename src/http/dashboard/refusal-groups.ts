import { causeKind, mostAlike, type Refusal } from '../../domain/refusal.ts'
import type { Labels } from './delivery-rows.ts'
import { grouped, timeView } from './page.ts'

/** Those of one cause and one sender, the newest first. */
export type Group = readonly [Refusal, ...Refusal[]]

/** By code, cause, sender and grant; of `refusals` the newest first. */
export function groupsOf(refusals: readonly Refusal[]): readonly Group[] {
  const groups = new Map<string, [Refusal, ...Refusal[]]>()
  for (const refusal of refusals) {
    const { code, cause, hook, grant, door } = refusal
    const key = JSON.stringify([code, causeKind(cause), hook ?? door, grant])
    const known = groups.get(key)
    if (known) known.push(refusal)
    else groups.set(key, [refusal])
  }
  return [...groups.values()]
}

/** A group as the partial `refusals` shows it. */
export function groupView(group: Group, labels: Labels) {
  const [newest] = group
  const { hook, grant, door, code, cause, status, peer, userAgent, requestId } = newest
  const peers = new Set(group.map((refusal) => refusal.peer))
  return {
    id: `r${newest.seq}`,
    tone: code === 'ignored' ? 'plain' : 'failed',
    cause,
    sender: hook ?? (grant && (labels.get(grant) ?? grant)) ?? door,
    count: timesOf(group),
    ...timeView(newest.at),
    mends: mendsOf(newest),
    facts: [
      { name: 'Answered', value: code === 'ignored' ? `${status}, ignored` : `${status} ${code}` },
      { name: 'Path', value: door },
      ...(grant ? [{ name: 'Grant', value: grant }] : []),
      { name: 'From', value: peers.size > 1 ? `${peer} and ${peers.size - 1} others` : peer },
      ...(userAgent ? [{ name: 'User agent', value: userAgent }] : []),
      { name: 'Request id', value: requestId },
    ],
  }
}

/** Of one cause and one address no more than the newest are kept. */
function timesOf(group: Group): string {
  const isCut = Object.values(Object.groupBy(group, ({ peer }) => peer)).some(
    (alike = []) => alike.length >= mostAlike,
  )
  if (group.length === 1) return 'once'
  return `${isCut ? 'at least ' : ''}${grouped(group.length)} times`
}

/** The first that fits the cause, else what fits the code. */
const mends: readonly (readonly [pattern: RegExp, mend: string])[] = [
  [
    /signature does not match/,
    'The secret here and at the sender differ, or something on the way changes the body. Copy the secret anew to both.',
  ],
  [
    /timestamp is .* old|timestamp is .* ahead/,
    'The clock of the sender or of this machine is wrong, or the request was repeated late.',
  ],
  [
    /header .* (missing|not|begin)/,
    'The sender does not sign, or signs another way: set the secret there, or choose its scheme for the hook here.',
  ],
  [
    /(secret|token|password).*(is wrong|missing or wrong)/,
    'The sender has another secret than this hook. Copy it anew.',
  ],
  [/no hook has this path/, 'The path is misspelt at the sender, or the hook was renamed or removed here.'],
  [
    /malformed, forged/,
    'The URL was cut or changed when it was copied, or it is of another home. Mint a new one.',
  ],
  [
    /there is no token/,
    'Somebody asks without a URL of ours. Nothing to do, unless a sender lost its token.',
  ],
]

const mendsOfCode: Partial<Readonly<Record<Refusal['code'], string>>> = {
  ignored:
    'Nothing, if these events are not wanted. Else change the filter or the preset’s list of events in the configuration.',
  forbidden: 'The URL was revoked, ran out, is paused or used up. Mint a new one, or let it go on.',
  unauthorized: 'The proof of the request is missing or wrong: compare the secret here and at the sender.',
  hook_inactive: 'The hook is switched off: set "active" to true in the configuration.',
  hooks_disabled: 'Hooks are switched off as a whole: set webhooks.enabled to true.',
  session_missing: 'The session is not open: start it, or point the hook or URL to another.',
  session_ended: 'The session is over: open it again under the same name, or mint for another.',
  queue_full: 'The session does not keep up: look what holds it, or raise limits.queuePerSession.',
  rate_limited: 'More came than may. If it is wanted, raise the rate in the configuration.',
  too_large: 'The body is larger than the hook takes: raise its maxBodyBytes.',
  malformed: 'The body is no JSON of the expected form: compare it with the example in the API explorer.',
  unprocessable: 'The body is no JSON of the expected form: compare it with the example in the API explorer.',
  unsupported_media_type: 'Send the body as application/json.',
  method_not_allowed: 'Post to it: other methods do nothing here.',
  host_not_allowed:
    'The server was asked under a name that it does not know: set server.publicUrl or server.allowedHosts.',
  origin_not_allowed: 'A page of another site asked. Nothing to do, unless it is yours.',
  idempotency_conflict: 'One key came with two contents: the sender must use a new key for each message.',
}

/** What usually mends a refusal, for people; null where nothing is known to. */
export const mendsOf = ({ cause, code }: Pick<Refusal, 'cause' | 'code'>): string | null =>
  (code === 'ignored' ? undefined : mends.find(([pattern]) => pattern.test(cause))?.[1]) ??
  mendsOfCode[code] ??
  null
