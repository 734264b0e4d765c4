import { plural } from '../../../domain/plural.ts'
import { guessesAnHour, type Refusal, type RefusalCount } from '../../../domain/refusal.ts'
import { type Examination, type Finding, note, nothingYet, ok, opened } from './findings.ts'

const hours = 24
const hourMs = 3_600_000
const mostCauses = 5
/** Fewer failures show nothing by their addresses. */
const fewestToJudge = 20

/** What was turned away in the last day, by cause. */
export function checkRefusals(call: Examination): Promise<readonly Finding[]> {
  return opened(call, nothingYet, async ({ store }) => {
    const now = call.io.now()
    const counts = await store.countRefusals(Math.floor(now / hourMs) - hours + 1)
    const refused = counts.filter(({ code }) => code !== 'ignored')
    const newest = await store.listRefusals({ since: now - hours * hourMs, limit: 1000 })
    return [...guessing(counts), ...byCause(refused), ...ignored(counts), ...oneAddress(newest)]
  })
}

function byCause(counts: readonly RefusalCount[]): readonly Finding[] {
  const total = sumOf(counts)
  if (total === 0) return [ok('none in the last day')]
  const causes = new Map<string, number>()
  for (const { kind, count } of counts) causes.set(kind, (causes.get(kind) ?? 0) + count)
  const most = [...causes].sort(([, a], [, b]) => b - a)
  const shown = most.slice(0, mostCauses).map(([kind, count]) => `${count} × ${kind.replace(/\.$/, '')}`)
  const more = most.length > mostCauses ? `, and ${plural(most.length - mostCauses, 'other cause')}` : ''
  return [
    {
      ...note(
        `${plural(total, 'knock')} turned away in the last day: ${shown.join(', ')}${more}`,
        'postern refusals ls',
      ),
      about: most[0]?.[0] ?? '',
    },
  ]
}

function ignored(counts: readonly RefusalCount[]): readonly Finding[] {
  const total = sumOf(counts.filter(({ code }) => code === 'ignored'))
  return total === 0 ? [] : [ok(`${plural(total, 'knock')} ignored by filters and presets in the last day`)]
}

const sumOf = (counts: readonly RefusalCount[]): number => counts.reduce((sum, { count }) => sum + count, 0)

/** Counted by the clock's hours: an hour that began between two of them lies in both. */
function guessing(counts: readonly RefusalCount[]): readonly Finding[] {
  const byHour = new Map<number, number>()
  for (const { hour, guesses } of counts) byHour.set(hour, (byHour.get(hour) ?? 0) + guesses)
  const worst = [...byHour.keys()]
    .map((hour) => ({ hour, guesses: (byHour.get(hour) ?? 0) + (byHour.get(hour + 1) ?? 0) }))
    .reduce((a, b) => (b.guesses > a.guesses ? b : a), { hour: 0, guesses: 0 })
  if (worst.guesses < guessesAnHour) return []
  const since = new Date(worst.hour * hourMs).toISOString().slice(0, 16)
  return [
    note(
      `somebody is guessing secrets: ${worst.guesses} wrong ones within two hours from ${since}Z on`,
      'block the addresses that "postern refusals ls" shows; secrets of "postern secret" cannot be guessed',
    ),
  ]
}

/** Behind a proxy that is not trusted everybody shares its address, and the limits of failures with it. */
function oneAddress(newest: readonly Refusal[]): readonly Finding[] {
  const failures = newest.filter(({ status }) => status === 401 || status === 403 || status === 429)
  const [first] = failures
  const isOne = first !== undefined && failures.every(({ peer }) => peer === first.peer)
  if (!isOne || failures.length < fewestToJudge) return []
  return [
    note(
      `every failed proof comes from one address, ${first.peer}`,
      'if that is a reverse proxy, name it in server.trustedProxies and let it set X-Forwarded-For',
    ),
  ]
}
