import type { Call } from './command.ts'
import type { LocalHome } from './context.ts'

/** Opens the home for one act and closes it whatever happens. */
export async function withHome<T>(call: Call, act: (home: LocalHome) => Promise<T>): Promise<T> {
  const home = await call.io.openHome(call.home)
  try {
    return await act(home)
  } finally {
    await home.close()
  }
}
