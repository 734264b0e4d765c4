import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { binary, cli, joinDoor, type Ran, type ServeOptions, scratchHome, serve } from './binary.ts'
import { configure } from './hooks.ts'

interface DoorOptions extends ServeOptions {
  /** Its configuration. */
  readonly config?: unknown
  /** One that is there already. */
  readonly home?: string
  /** The home of a door of the same store, whose keys it has, too. */
  readonly beside?: string
  /** As which it is known there; chosen by itself unless given. */
  readonly name?: string
}

/** A door with its hosts, each in a home of its own. */
export async function openDoor({ config, home: given, beside, name, ...options }: DoorOptions = {}) {
  const home = given ?? (await scratchHome())
  if (beside !== undefined) bringKeys(beside, home)
  if (name !== undefined) {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    writeFileSync(join(home, 'name'), `${name}\n`)
  }
  if (config !== undefined) configure(home, config)
  const server = await serve(home, options)
  const postern = (...args: readonly string[]) => cli(args, { home })
  return {
    ...{ home, server, url: server.url, postern },
    ...ownSessions(join(home, '..'), postern),
    /** Another process for the same home and port. */
    again: () => serve(home, { ...options, port: new URL(server.url).port }),
    /** A host by that name that has joined, by way of `via` where that is given. */
    host: async (name: string, via = server.url, ...flags: readonly string[]) => {
      const added = await postern('hosts', 'add', name)
      if (added.code !== 0) throw new Error(added.stderr)
      return openHost(via, added.stdout.trim(), flags)
    },
    states: async () => deliveriesIn((await postern('deliveries', 'ls', '--limit', '1000', '--json')).stdout),
  }
}

/** What doors of one store have in common. */
function bringKeys(from: string, to: string): void {
  mkdirSync(join(to, 'keys'), { recursive: true, mode: 0o700 })
  for (const file of readdirSync(join(from, 'keys')))
    if (/\.(key|retired|token)$/.test(file)) cpSync(join(from, 'keys', file), join(to, 'keys', file))
}

export type Door = Awaited<ReturnType<typeof openDoor>>

const path = process.env.PATH ?? ''

async function openHost(url: string, token: string, flags: readonly string[]) {
  const home = await scratchHome()
  const folder = join(home, '..')
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, token, { mode: 0o600 })
  const joined = await joinDoor(home, [url, '--token-file', tokenFile, ...flags])
  const postern = (...args: readonly string[]) => cli(args, { home })
  return {
    ...{ home, folder, token, process: joined, postern },
    /** For a shell of that machine. */
    env: { PATH: path, HOME: folder, POSTERN_HOME: home },
    command: (...args: readonly string[]) => [...binary(), ...args].join(' '),
    again: () => joinDoor(home, []),
    ...ownSessions(folder, postern),
  }
}

/** What a machine does with sessions of its own. */
const ownSessions = (folder: string, postern: (...args: readonly string[]) => Promise<Ran>) => ({
  /** An agent that writes down what it gets, a line a message, after `seconds`. */
  agent: async (session: string, seconds = 0, ...flags: readonly string[]) => {
    const got = join(folder, `${session}.got`)
    writeFileSync(got, '')
    const script = `text=$(cat); sleep ${seconds}; printf '%s\\n' "$text" >> ${got}; printf '%s' "$text"`
    const args = ['session', 'add', session, '--driver', 'command', ...flags, '--', 'sh', '-c', script]
    const added = await postern(...args)
    if (added.code !== 0) throw new Error(added.stderr)
    return { got: () => readFileSync(got, 'utf8').split('\n').filter(Boolean) }
  },
  expose: async (session: string, ...flags: readonly string[]) => {
    const minted = await postern('expose', '--session', session, '--quiet', ...flags)
    if (minted.code !== 0) throw new Error(minted.stderr)
    return minted.stdout.trim()
  },
})

interface Listed {
  readonly id: string
  readonly state: string
  readonly session: string
  readonly message: string
  readonly attempts: number
}

const deliveriesIn = (text: string): readonly Listed[] => JSON.parse(text) as readonly Listed[]

/** Posts a message, and says how that was answered. `waitSeconds` 0 waits for nothing. */
export async function knock(url: string, message: string, waitSeconds = 0) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: `wait=${waitSeconds}` },
    body: JSON.stringify({ message }),
  })
  const body = (await response.json()) as { readonly deliveryId?: string; readonly code?: string }
  return { ...body, status: response.status }
}

/** As the door sees it. */
export const sessionAt = async (door: Door, id: string) =>
  JSON.parse((await door.postern('session', 'show', id, '--json')).stdout) as {
    readonly state: string
    readonly why: string | null
    readonly host: string | null
  }
