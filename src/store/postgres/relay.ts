import { Failure } from '../../domain/error.ts'
import type { HostName } from '../../domain/host.ts'
import type { Relay, Relayed } from '../../domain/relay.ts'
import { within } from '../../wait.ts'
import { connect } from './client-thread.ts'
import { channel } from './notify.ts'

/**
 * Who asks waits 5 s: what is fetched shortly before that is not begun any more. Where something lies longer nobody fetches, and
 * everything is thrown away in the end.
 */
const [late, unfetched, oldest] = ["interval '4 seconds'", "interval '5 seconds'", "interval '1 minute'"]

/**
 * Over a connection of its own, beside the store's transactions: what passes here takes no part in their order, and must neither wait for
 * their lock nor make anybody forget what was read.
 */
export function openRelay(url: string): Relay & { close(): void } {
  const { ask, close } = openConnection(url)
  const names = (hosts: readonly HostName[]) => hosts.join(' ')
  return {
    async pass(to, text, id) {
      const passed = await ask(
        `WITH passed AS (
           INSERT INTO relayed (recipient, body, id) SELECT $1::text, $2::text, $3::text
           WHERE NOT EXISTS (SELECT 1 FROM relayed WHERE recipient = $1::text AND at < now() - ${unfetched})
           RETURNING recipient)
         SELECT pg_notify(${channel}, 'relay ' || recipient) FROM passed`,
        to,
        text,
        id ?? null,
      )
      return passed.length > 0
    },
    takeBack: async (id) =>
      (await ask('DELETE FROM relayed WHERE id = $1::text RETURNING seq', id)).length > 0,
    async fetch(hosts) {
      const rows = await ask(
        `DELETE FROM relayed WHERE recipient = ANY (string_to_array($1::text, ' ')) OR at < now() - ${oldest}
         RETURNING seq, recipient, body, at < now() - ${late} AS is_late`,
        names(hosts),
      )
      const wanted = rows.filter(({ recipient }) => hosts.includes(recipient as HostName))
      return wanted.toSorted((a, b) => Number(a.seq) - Number(b.seq)).map(relayedOf)
    },
    async noteAbilities(host, text) {
      await ask(
        `WITH noted AS (
           INSERT INTO host_abilities (host, openings) VALUES ($1::text, $2::text)
           ON CONFLICT (host) DO UPDATE SET openings = excluded.openings
           WHERE host_abilities.openings <> excluded.openings RETURNING host)
         SELECT pg_notify(${channel}, 'relay') FROM noted`,
        host,
        text,
      )
    },
    async abilities(now) {
      const rows = await ask(
        `SELECT host, openings FROM host_abilities JOIN hosts ON name = host
         WHERE revoked_at IS NULL AND alive_until > $1::bigint`,
        `${now}`,
      )
      return new Map(rows.map(({ host, openings }) => [host as HostName, String(openings)]))
    },
    close,
  }
}

type Row = Readonly<Record<string, unknown>>

const relayedOf = ({ recipient, body, is_late }: Row): Relayed => ({
  to: recipient as HostName,
  text: String(body),
  isLate: is_late === true,
})

const answerMs = 5000
const away = new Failure('store_unavailable', 'The database does not answer.', { retryAfterMs: 1000 })

function openConnection(url: string) {
  let sql: ReturnType<typeof connect> | undefined
  let isClosed = false
  const end = () => {
    sql?.end({ timeout: 0 }).catch(() => {})
    sql = undefined
  }
  const ask = async (statement: string, ...values: readonly (string | null)[]): Promise<readonly Row[]> => {
    if (isClosed) throw away
    sql ??= connect(url, {})
    const rows = sql.unsafe(statement, [...values])
    rows.catch(() => {})
    if (await within(rows, answerMs)) return rows
    end()
    throw away
  }
  const close = () => {
    isClosed = true
    end()
  }
  return { ask, close }
}
