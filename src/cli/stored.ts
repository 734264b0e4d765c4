import { storeToMake } from '../domain/home-state.ts'
import type { Io, LocalHome } from './context.ts'

/** Opens a home in which something is stored; else `otherwise`, and nothing is made. `notMade` is told why in a database of a server nothing is. */
export async function withStored<T>(
  { io, home: root }: { readonly io: Pick<Io, 'hasStore' | 'openHome'>; readonly home: string },
  otherwise: T,
  act: (home: LocalHome) => Promise<T>,
  notMade: (why: string) => void = () => {},
): Promise<T> {
  if (!(await io.hasStore(root))) return otherwise
  const home = await io.openHome(root).catch((thrown: unknown) => {
    const toMake = storeToMake(thrown)
    if (!toMake) throw thrown
    notMade(toMake.detail)
  })
  return home ? act(home).finally(home.close) : otherwise
}
