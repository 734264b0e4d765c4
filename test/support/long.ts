import process from 'node:process'

/** How often a test that tries chance goes round: `few` in `npm test`, `many` in `npm run test:long`. */
export const rounds = (few: number, many: number): number => (process.env.POSTERN_TEST_LONG ? many : few)
