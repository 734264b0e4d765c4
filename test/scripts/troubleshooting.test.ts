import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { exitCodes, isCode } from '../../src/cli/exit.ts'
import { commands } from '../../src/cli/index.ts'
import { problemBody } from '../../src/http/problem.ts'

const root = resolve(import.meta.dirname, '../..')
const source = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = source('docs/troubleshooting.md')

/** The cells of every row below a heading, but for the heads of tables. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? assert.fail(heading)
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  )
}

const unquoted = (cell = ''): string => cell.replaceAll('`', '')

/** The literals of a union of strings. */
function union(path: string, name: string): readonly string[] {
  const [, members = ''] = new RegExp(`type ${name} =([^=]*?)\n\n`).exec(source(path)) ?? []
  const found = [...members.matchAll(/'(\w+)'/g)].map(([, member = '']) => member)
  assert.ok(found.length > 1, name)
  return found
}

describe('docs/troubleshooting.md', () => {
  test('has every refusal with the status it is answered with', () => {
    const rows = rowsOf('An HTTP status').filter(([, code]) => isCode(unquoted(code)))
    const listed = new Map(rows.map(([status, code]) => [unquoted(code), Number(status)]))
    assert.equal(rows.length, listed.size)
    const there = Object.keys(exitCodes).filter(isCode)
    assert.deepEqual(
      listed,
      new Map([...listed.keys()].filter(isCode).map((code) => [code, problemBody(code, '').status])),
    )
    assert.deepEqual([...listed.keys()].sort(), [...there].sort())
  })

  for (const [heading, unions] of [
    [
      'A delivery that waits',
      [
        ['delivery', 'HeldBecause'],
        ['session', 'ClosedBecause'],
      ],
    ],
    ['A delivery that failed', [['delivery', 'FailedStep']]],
  ] as const)
    test(`has all of: ${heading}`, () => {
      const [, ...listed] = rowsOf(heading).map(([name]) => unquoted(name))
      const there = unions.flatMap(([file, name]) => union(`src/domain/${file}.ts`, name))
      assert.deepEqual([...listed].sort(), [...there].sort())
    })

  test('has every cause for which a URL, a hook or the admin is refused', () => {
    const listed = rowsOf('Why a knock was refused').map(([cause]) => unquoted(cause))
    const there = causes()
    assert.ok(there.length > 30, String(there.length))
    const missing = there.filter((cause) => !listed.some((row) => row.includes(cause)))
    assert.deepEqual(missing, [])
    const head = /^(of a|of the|ignored|---)/
    const unknown = listed.filter((row) => !head.test(row) && !there.some((cause) => row.startsWith(cause)))
    assert.deepEqual(unknown, [])
  })

  test('names commands that are there', () => {
    const known = commands.map(({ name }) => name)
    for (const [, words = ''] of page.matchAll(/(?<![./\w])postern ([a-z]+(?: [a-z]+)?)/g))
      assert.ok(
        known.some((name) => words === name || words.startsWith(`${name} `)),
        words,
      )
  })
})

/** As the sources word them, up to what they fill in. */
function causes(): readonly string[] {
  const providers = readdirSync(join(root, 'src/providers')).map((name) => `src/providers/${name}`)
  const found = [
    ...providers.flatMap((path) => texts(path, /\b(?:lacks|wrong)\(.*/g)),
    ...texts('src/inbound/authenticate-webhook.ts', /\bwhy: .*|\bwrong\(.*/g),
    ...texts('src/inbound/authenticate.ts', /\bwhy: .*|grant\.id, .*/g),
    ...texts('src/domain/grant.ts', /(?:return|usedUpText =|:) .*'the (?:grant|token) .*/g),
    ...texts('src/http/credentials.ts', /\bwhy: .*/g),
    ...texts('src/http/dashboard/login-routes.ts', /\bwhy: .*/g),
    ...texts('src/inbound/webhook-message.ts', /'ignored', why: .*/g),
  ]
  return [...new Set(found)]
}

/** Sentences on the lines that match, not names or parts of a sentence. */
const texts = (path: string, lines: RegExp): readonly string[] =>
  [...source(path).matchAll(lines)].flatMap(([line]) =>
    [...line.matchAll(/'([^'`]* [^'`]*)'|`([^`$]+)/g)]
      .map(([, plain, before]) => (plain ?? before ?? '').trimEnd().replace(/ "$/, ''))
      .filter((text) => /^[\w.,]+ /.test(text) || text === 'header'),
  )
