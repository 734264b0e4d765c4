import { testClaims } from './store/claims.ts'
import { testDecisions } from './store/decisions.ts'
import { testGrants } from './store/grants.ts'
import { checking, type StoreHarness } from './store/harness.ts'
import { testHosts } from './store/hosts.ts'
import { testLists } from './store/lists.ts'
import { testNotices } from './store/notices.ts'
import { testPauses } from './store/pauses.ts'
import { testRecord } from './store/record.ts'
import { testRefusals } from './store/refusals.ts'
import { testReplies } from './store/replies.ts'
import { testSessions } from './store/sessions.ts'
import { testSettling } from './store/settling.ts'
import { testWaits } from './store/waits.ts'

/** What every store promises (see the port), seen through two handles on the same data. */
export function testStore(harness: StoreHarness): void {
  const check = checking(harness)
  for (const part of [
    testGrants,
    testPauses,
    testSessions,
    testRecord,
    testClaims,
    testHosts,
    testSettling,
    testReplies,
    testWaits,
    testLists,
    testRefusals,
    testNotices,
    testDecisions,
  ])
    part(check)
}
