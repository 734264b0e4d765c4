import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { examplesOf, renderExample } from '../../scripts/presets.ts'
import { Failure } from '../../src/domain/error.ts'
import type { Rendering } from '../../src/inbound/webhook-message.ts'
import { presetNames, presetOf } from '../../src/providers/index.ts'
import type { Example } from '../fixtures/events/example.ts'

/** What is left of a template whose value is missing. */
const gap =
  /\S {2,}|\(\)|\[\]|""|#(?!\w)|(^| )!( |,|$)|[([] ?[)\],:]|[,:] ?[.,:]( |$)|(^| )[.,:]( |$)|\b(in|of|on|by|to|from|with|at)( (in|of|on|by|to|from)\b|[.,:]|$)/

/** One example of each event that becomes a message. */
async function* telling(preset: string): AsyncIterable<Example & { readonly text: string }> {
  const seen = new Set<string>()
  for (const example of examplesOf(preset)) {
    const rendering = await renderExample(preset, example)
    if (seen.has(example.event) || rendering.kind !== 'text') continue
    seen.add(example.event)
    yield { ...example, text: rendering.text }
  }
}

describe('a preset, when the sender leaves something out', () => {
  for (const preset of presetNames)
    it(`${preset} leaves no gap where a value is missing, null or empty`, async () => {
      let tried = 0
      for await (const { text, ...example } of telling(preset)) {
        const told = new Set(text.split('\n'))
        assert.ok(!gap.test(text.split('\n', 1)[0] ?? ''), text)
        for (const path of readBy(preset, example))
          for (const value of [undefined, null, '']) {
            const body = without(example.body, path, value)
            const rendering = await renderExample(preset, { ...example, body }).catch(refused)
            const lines = rendering.kind === 'text' ? rendering.text.split('\n') : []
            assert.notEqual(rendering.kind, 'failed', `${example.event} without ${path.join('.')}`)
            for (const line of lines)
              assert.ok(
                told.has(line) || !gap.test(line),
                `${example.event}, ${path.join('.')} ${value}: ${line}`,
              )
            tried++
          }
      }
      assert.ok(tried > 0)
    })
})

/** Some senders' bodies are refused as no events of theirs at all. */
function refused(thrown: unknown): Rendering {
  assert.ok(thrown instanceof Failure)
  return { kind: 'ignored', why: thrown.message }
}

type Path = readonly string[]

/** The members of an example that its preset looks at, by one reading of it. */
function readBy(preset: string, { headers = {}, body }: Example): readonly Path[] {
  const paths = new Map<string, Path>()
  const watched = watch(body, [], (path) => paths.set(path.join('.'), path))
  const { eventOf, messages, otherwise, derive } = presetOf(preset) ?? assert.fail(preset)
  const event = eventOf(watched as never, (name) => headers[name])
  const message = Object.hasOwn(messages, event) ? messages[event] : otherwise
  derive?.(watched as never, (name) => headers[name])
  if (typeof message !== 'object') return [...paths.values()]
  message.derive?.(watched as never)
  for (const [, name = ''] of message.template.matchAll(/\{\{[#^]?([\w.]+)\}\}/g))
    paths.set(name, name.split('.'))
  return [...paths.values()].filter((path) => path.length > 0)
}

function watch(value: unknown, path: Path, saw: (path: Path) => void): unknown {
  if (typeof value !== 'object' || value === null) return value
  const copy = Array.isArray(value) ? [...value] : { ...value }
  return new Proxy(copy, {
    get: (target, name) => member(Reflect.get(target, name), name, path, saw),
    getOwnPropertyDescriptor: (target, name) => {
      const found = Reflect.getOwnPropertyDescriptor(target, name)
      return found && { ...found, value: member(found.value, name, path, saw) }
    },
  })
}

function member(value: unknown, name: string | symbol, path: Path, saw: (path: Path) => void): unknown {
  if (typeof name === 'symbol' || name === 'length' || typeof value === 'function') return value
  saw([...path, name])
  return watch(value, [...path, name], saw)
}

/** The body with another value at a path; undefined takes the member away. */
function without(body: unknown, [name, ...rest]: Path, value: unknown): unknown {
  if (typeof body !== 'object' || body === null || name === undefined || !(name in body)) return body
  const own: unknown = Reflect.get(body, name)
  const changed = rest.length > 0 ? without(own, rest, value) : value
  if (Array.isArray(body)) return body.map((one, index) => (String(index) === name ? changed : one))
  return { ...body, [name]: changed }
}
