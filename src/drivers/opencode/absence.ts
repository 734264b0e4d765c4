/** A server that nobody reaches for so long has ended, and every turn with it. */
const awayMs = 3000

/** Called at each look with whether no server answered; returns whether that has lasted too long. */
export function watchAbsence(): (away: boolean) => boolean {
  let since: number | undefined
  return (away) => {
    since = away ? (since ?? Date.now()) : undefined
    return since !== undefined && Date.now() - since > awayMs
  }
}
