import type { HostName } from './host.ts'

/** What one door of a store has passed on to another. */
export interface Relayed {
  /** A door, or a host that is connected to one. */
  readonly to: HostName
  readonly text: string
  /** Who passed it on waits no more. */
  readonly isLate: boolean
}

/**
 * By which doors that share a store pass on what only one of them can ask of an agent, and the answers. Nothing of it is a record: it
 * may be lost, and what nobody fetches is gone after a minute.
 */
export interface Relay {
  /** False when nobody fetches what lies for that one. By its id a text can be taken back. */
  pass(to: HostName, text: string, id?: string): Promise<boolean>
  /** False when it was fetched before. */
  takeBack(id: string): Promise<boolean>
  /** What lies for any of these, in the order in which it was passed on. Each is given once, to one door. */
  fetch(names: readonly HostName[]): Promise<readonly Relayed[]>
  /** What each door must know beforehand of the agents of that host or door. */
  noteAbilities(host: HostName, text: string): Promise<void>
  /** Of every host and door that is there. `now` by the store's clock. */
  abilities(now: number): Promise<ReadonlyMap<HostName, string>>
}
