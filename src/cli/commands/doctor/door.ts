import { bad, type Examination, type Finding, ok, opened } from './findings.ts'

/** The door that this home has joined: it answers, knows this host, and hears from it. */
export function checkDoor(call: Examination): Promise<readonly Finding[]> {
  return opened(call, [], async ({ door, host }) => {
    if (!door) return []
    return door.isServed
      ? [ok(`${door.url}, as "${host}"`)]
      : [bad(`${door.url} knows this host as "${host}", and no process serves for it`, 'postern join')]
  })
}
