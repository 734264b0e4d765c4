import type { HttpServer } from '../platform/platform.ts'
import { within } from '../wait.ts'

/** Longer than a knock waits for another process's lock (`store/group-commit.ts`): it is answered then, one way or the other. */
const stopMs = 5000

/** Answers under way get a moment; connections that merely stay open do not. */
export async function stopHttp(http: HttpServer): Promise<void> {
  await within(http.stop(false), stopMs)
  await http.stop(true)
}
