import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../src/domain/error.ts'
import type { Condition } from '../../src/domain/hook.ts'
import { compileFilter, type Verdict } from '../../src/payload/filter.ts'
import { numberView } from '../../src/payload/view.ts'

const payload = {
  action: 'opened',
  number: 7,
  big: numberView('12345678901234567890'),
  price: numberView('1.10'),
  draft: false,
  body: null,
  labels: [{ name: 'bug' }, { name: 'p1' }],
  user: { login: 'alice', 'a.b/c~d': 'odd' },
}
const headers: Readonly<Record<string, string>> = { 'x-github-event': 'pull_request' }
const verdict = (condition: Condition): Verdict =>
  compileFilter(condition)({ payload, header: (name) => headers[name] })
const holds = (condition: Condition): boolean => verdict(condition).holds

describe('compileFilter', () => {
  const cases: readonly (readonly [Condition, boolean])[] = [
    [{ path: 'action', exists: true }, true],
    [{ path: 'missing', exists: true }, false],
    [{ path: 'missing', exists: false }, true],
    [{ path: 'body', exists: true }, true],
    [{ path: 'user.login', equals: 'alice' }, true],
    [{ path: '/user/login', equals: 'alice' }, true],
    [{ path: '/user/a.b~1c~0d', equals: 'odd' }, true],
    [{ path: 'labels.1.name', equals: 'p1' }, true],
    [{ path: '/labels/0/name', equals: 'bug' }, true],
    [{ path: 'labels.length', exists: true }, false],
    [{ path: 'user.constructor', exists: true }, false],
    [{ path: '__proto__', exists: true }, false],
    [{ path: 'user.login.x', exists: true }, false],
    [{ path: 'action', equals: 'closed' }, false],
    [{ path: 'number', equals: 7 }, true],
    [{ path: 'number', equals: '7' }, false],
    [{ path: 'price', equals: 1.1 }, true],
    [{ path: 'draft', equals: false }, true],
    [{ path: 'body', equals: null }, true],
    [{ path: 'missing', equals: null }, false],
    [{ path: 'labels', equals: 'bug' }, false],
    [{ path: 'action', in: ['opened', 'reopened'] }, true],
    [{ path: 'action', in: [] }, false],
    [{ path: 'action', matches: '^open' }, true],
    [{ path: 'big', matches: '^1234567890' }, true],
    [{ path: 'number', matches: '^7$' }, true],
    [{ path: 'labels', matches: '.' }, false],
    [{ path: 'body', matches: '.*' }, false],
    [{ header: 'X-GitHub-Event', equals: 'pull_request' }, true],
    [{ header: 'x-other', exists: false }, true],
    [
      {
        all: [
          { path: 'action', exists: true },
          { path: 'draft', equals: false },
        ],
      },
      true,
    ],
    [
      {
        all: [
          { path: 'action', exists: true },
          { path: 'draft', equals: true },
        ],
      },
      false,
    ],
    [{ all: [] }, true],
    [
      {
        any: [
          { path: 'draft', equals: true },
          { path: 'number', equals: 7 },
        ],
      },
      true,
    ],
    [{ any: [] }, false],
    [{ not: { path: 'draft', equals: true } }, true],
  ]
  for (const [condition, expected] of cases)
    it(`${JSON.stringify(condition)} is ${expected}`, () => assert.equal(holds(condition), expected))

  const clauses: readonly (readonly [Condition, string])[] = [
    [{ path: 'missing', exists: true }, 'missing is missing'],
    [{ path: 'action', exists: false }, 'action is there'],
    [{ path: 'action', equals: 'closed' }, 'action is not "closed"'],
    [{ path: 'action', in: ['closed', 'edited'] }, 'action is none of "closed", "edited"'],
    [{ not: { path: 'action', in: ['closed', 'opened'] } }, 'action is "opened"'],
    [{ path: 'action', matches: '^close' }, 'action does not match ^close'],
    [{ header: 'X-GitHub-Event', equals: 'push' }, 'header X-GitHub-Event is not "push"'],
    [
      {
        all: [
          { path: 'action', exists: true },
          { path: 'draft', equals: true },
        ],
      },
      'draft is not true',
    ],
    [
      {
        any: [
          { path: 'draft', equals: true },
          { path: 'number', equals: 8 },
        ],
      },
      'draft is not true and number is not 8',
    ],
  ]
  for (const [condition, clause] of clauses)
    it(`names the clause that said no, and nothing of the payload: ${clause}`, () => {
      assert.equal(verdict(condition).holds, false)
      assert.equal(verdict(condition).clause(), clause)
    })

  it('says when it did not look at all of a text', () => {
    const filter = compileFilter({ path: 'body', matches: 'x+!' })
    const subject = (body: string) => ({ payload: { body }, header: () => undefined })
    assert.match(
      filter(subject('a'.repeat(200_000))).clause(),
      /^body does not match x\+! within its first \d+ char/,
    )
    assert.equal(filter(subject('aaa')).clause(), 'body does not match x+!')
  })

  it('refuses a pattern that does not work', () => {
    assert.throws(() => compileFilter({ not: { path: 'a', matches: '(' } }), Failure)
  })
})
