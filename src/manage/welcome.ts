import { isStanding, type Session } from '../domain/session.ts'

interface Welcome {
  /** Opens the dashboard once; undefined where there is none. */
  readonly link: string | undefined
  readonly sessions: readonly Pick<Session, 'id' | 'state' | 'generation'>[]
  /** Names of active hooks; undefined while webhooks are off. */
  readonly hooks: readonly string[] | undefined
  readonly configFile: string
  readonly publicUrl: string | undefined
  /** Whether it listens to this machine alone. */
  readonly loopback: boolean
}

/** What a person at the terminal of a server that has just started needs next: lines without their ends. */
export const welcomeLines = (facts: Welcome): readonly string[] =>
  [
    ...(facts.link === undefined
      ? []
      : [['Dashboard', `${facts.link}  (opens once; another: postern dashboard)`] as const]),
    ['Sessions', sessionsText(facts.sessions)] as const,
    ['Hooks', hooksText(facts)] as const,
    ['Reached', reachText(facts)] as const,
  ].map(([name, text]) => `  ${name.padEnd(9)}  ${text}`)

const mostNamed = 6

function sessionsText(sessions: Welcome['sessions']): string {
  const open = sessions.filter((session) => session.state !== 'ended' && !isStanding(session))
  if (open.length === 0) return 'none yet; start an agent: postern run --session build -- claude'
  return listed(open.map(({ id, state }) => `${id} (${state})`))
}

function hooksText({ hooks, configFile }: Welcome): string {
  if (hooks === undefined) return `off; "webhooks": {"enabled": true} in ${configFile} turns them on`
  return listed(['wake', 'agent', ...hooks])
}

function reachText({ publicUrl, loopback }: Welcome): string {
  if (publicUrl !== undefined) return `at ${publicUrl}`
  return loopback
    ? 'from this machine only; --public-url says under which URL others reach it'
    : 'from other machines, too; --public-url says under which URL'
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed
  return names.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
