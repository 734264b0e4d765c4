import type { Call } from './command.ts'
import type { Keeper } from './context.ts'

/** Opens the home for one act and closes it whatever happens. */
export async function withKeeper<T>(call: Call, act: (keeper: Keeper) => Promise<T>): Promise<T> {
  const keeper = await call.io.keeper(call.home)
  try {
    return await act(keeper)
  } finally {
    await keeper.close()
  }
}
