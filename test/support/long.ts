import process from 'node:process'

/** Whether this is `npm run test:long`. */
export const isLong: boolean = process.env.POSTERN_TEST_LONG !== undefined

/** How often a test that tries chance goes round: `few` in `npm test`, `many` in `npm run test:long`, or as POSTERN_TEST_ROUNDS says. */
export const rounds = (few: number, many: number): number =>
  Number(process.env.POSTERN_TEST_ROUNDS) || (isLong ? many : few)
