import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inShares } from '../../scripts/test/in-shares.ts'

interface Work {
  readonly name: string
  readonly share: number
}

const named = (share: number, ...names: readonly string[]): Work[] => names.map((name) => ({ name, share }))

/** What ran at the same time, whenever one began: each is done when all that could begin has begun. */
async function momentsOf(works: readonly Work[]): Promise<readonly string[]> {
  const running = new Set<string>()
  const moments: string[] = []
  const shareOf = ({ share }: Work) => share
  await inShares(works, shareOf, async ({ name }) => {
    running.add(name)
    moments.push([...running].join(' '))
    await new Promise((resolve) => setImmediate(resolve))
    running.delete(name)
  })
  return moments
}

test('inShares: what fits goes side by side, in its order', async () => {
  assert.deepEqual(await momentsOf(named(1 / 2, 'a', 'b', 'c', 'd')), ['a', 'a b', 'b c', 'c d'])
})

test('inShares: a small one is not held up by a large one before it, and that goes by itself', async () => {
  const works = [...named(1 / 2, 'a'), ...named(1, 'large'), ...named(1 / 4, 'b', 'c', 'd')]
  const moments = await momentsOf(works)
  assert.deepEqual(moments.slice(0, 3), ['a', 'a b', 'a b c'])
  assert.equal(moments.at(-1), 'large')
  assert.equal(moments.length, works.length)
})

test('inShares: nothing is left out, and a failure is not hidden', async () => {
  assert.deepEqual(await momentsOf([]), [])
  const failing = inShares(
    ['a', 'b'],
    () => 1,
    async () => {
      throw new Error('broken')
    },
  )
  await assert.rejects(failing, /broken/)
})
