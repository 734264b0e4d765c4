import { type Era, troubleWithEra } from '../../domain/era.ts'
import { type HomeMark, type HomeTrouble, refuseTrouble } from '../../domain/home-state.ts'
import { shownAddress } from '../../domain/shown-address.ts'
import type { StoreContext, StoreDeps } from '../context.ts'
import { beginEra, commitsIn, markFileIn, markIn, pastMarksIn, readMark } from '../mark.ts'
import { adoptCopy, markAsPutBack } from '../revocations.ts'
import { type Judge, type PostgresDatabase, type PostgresDeps, putBackMeanwhile } from './database.ts'
import { versionOf } from './migrate.ts'

/** Judges a database whenever a connection to it is opened, before anything there is changed. */
export interface EraJudge {
  /** Throws `home_unusable` where the database is not what this home has been writing to, unless that was accepted. */
  readonly judge: Judge
  /** What was noted in this home before. */
  readonly noted: HomeMark | undefined
  /** What was found, and accepted. */
  readonly accepted: () => HomeTrouble | undefined
}

type EraDeps = { readonly postgres: PostgresDeps; readonly keysDir: string } & Pick<StoreDeps, 'accepted'>

export function createEraJudge({ postgres, keysDir, accepted = [] }: EraDeps): EraJudge {
  const file = markFileIn(keysDir, postgres.url)
  const noted = readMark(file)
  let found: HomeTrouble | undefined
  return {
    noted,
    accepted: () => found,
    judge: (database, isRenewed) => {
      const trouble = troubleIn(postgres, readMark(file), database)
      if (isRenewed) {
        // Not even what another home has accepted: revocations that this one has noted are applied when it opens the store.
        if (trouble || markIn(database.prepare) !== readMark(file)?.mark) throw putBackMeanwhile()
      } else if (trouble && !accepted.includes(trouble.kind)) refuseTrouble('home_unusable', trouble)
      else found = trouble
    },
  }
}

/** What is wrong with the database that a home finds at an address. */
export const troubleIn = (
  { url }: PostgresDeps,
  noted: HomeMark | undefined,
  database: PostgresDatabase,
): HomeTrouble | undefined => troubleWithEra(`The store ${shownAddress(url)}`, noted, eraIn(database))

function eraIn(database: PostgresDatabase): Era | 'blank' {
  if (versionOf(database) === 0) return 'blank'
  const sql = database.prepare
  const [mark, commits] = [markIn(sql), commitsIn(sql)]
  if (mark === undefined) return commits === 0 ? 'blank' : { past: [], commits }
  return { mark, past: pastMarksIn(sql), commits }
}

/** Goes on with a database that was put back, as with a restored file, or with one that is empty. */
export function goOn(context: StoreContext, noted: HomeMark | undefined, { kind }: HomeTrouble): void {
  if (kind === 'database_empty') beginEra(context.sql, noted)
  else {
    markAsPutBack(context)
    adoptCopy(context, noted)
  }
}
