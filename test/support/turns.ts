/** How many turns of the event loop others get while `act` runs. */
export async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let going = true
  const take = () => {
    turns += 1
    if (going) setImmediate(take)
  }
  setImmediate(take)
  await act()
  going = false
  return turns
}
