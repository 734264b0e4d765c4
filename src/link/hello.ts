import { Failure } from '../domain/error.ts'
import type { HostName } from '../domain/host.ts'
import type { WaitLimits } from '../domain/wait.ts'
import type { DoorClient } from './client.ts'

/** What a door says of itself to a host. */
export interface Hello {
  readonly host: HostName
  /** Whether a process serves for it now (`postern join`). */
  readonly isServed: boolean
  /** Of the program there. */
  readonly version: string
  /** What URLs of grants begin with. */
  readonly base: string
  readonly time: DoorTime
  readonly config: {
    readonly server: { readonly grantTtlSeconds: number | 'never' }
    readonly limits: { readonly queuePerSession: number } & WaitLimits
    readonly retry: { readonly maxHoldSeconds: number }
  }
}

/** The clocks of a door when it answered. Unix milliseconds. */
export interface DoorTime {
  readonly wall: number
  /** That of deliveries. */
  readonly store: number
  /** How far the wall clock is ahead of that. */
  readonly skew: number
}

/** What a process is by which a host is served. */
export interface Attached {
  readonly epoch: number
  readonly time: DoorTime
}

/** This process serves for the host from now on, and no other. */
export const attach = async (client: Pick<DoorClient, 'post'>): Promise<Attached> =>
  (await client.post('attach', {})) as Attached

export async function hello(client: Pick<DoorClient, 'post'>): Promise<Hello> {
  const answer = await client.post('hello', {})
  if (typeof answer === 'object' && answer !== null && 'host' in answer && 'time' in answer)
    return answer as Hello
  throw new Failure('unreachable', 'The door answered with something this version does not understand.')
}
