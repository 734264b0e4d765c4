/** What `act` notes, and each `turn` of the event loop that others get meanwhile, in order. */
export async function withTurns(
  act: (note: (what: string) => void) => Promise<unknown>,
): Promise<readonly string[]> {
  const seen: string[] = []
  let going = true
  const take = () => {
    seen.push('turn')
    if (going) setImmediate(take)
  }
  setImmediate(take)
  await act((what) => void seen.push(what))
  going = false
  return seen
}

/** How many turns of the event loop others get while `act` runs. */
export const turnsDuring = async (act: () => Promise<unknown>): Promise<number> =>
  (await withTurns(act)).length
