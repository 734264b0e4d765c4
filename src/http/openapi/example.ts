import type { Hook } from '../../domain/hook.ts'
import { compileTemplate, type Template } from '../../payload/template.ts'
import { senders } from '../../providers/index.ts'
import type { Sample } from '../../providers/sender.ts'

/**
 * A payload that the hook makes a message of, and the headers it needs: the preset's own, or made from the template,
 * where `{{sender.login}}` asks for `{"sender":{"login":"a login"}}`.
 */
export function exampleFor({ preset, template }: Pick<Hook, 'template' | 'preset'>): Sample {
  return senders.get(preset ?? '')?.sample ?? { body: bodyFor(template ?? ''), headers: {} }
}

/** Without a prototype: every name is just a name. */
type Json = { [name: string]: unknown }
type Nodes = Template['nodes']
type Section = Extract<Nodes[number], { kind: 'section' }>

function bodyFor(source: string): Json {
  const body = emptyJson()
  try {
    fill(body, compileTemplate(source).nodes)
  } catch {
    // A template that is still being written has no example.
  }
  return body
}

const emptyJson = (): Json => Object.create(null) as Json

function fill(into: Json, nodes: Nodes): void {
  for (const node of nodes) {
    if (node.kind === 'text' || node.path.length === 0) continue
    if (node.kind === 'value') put(into, node.path, sampleFor(node.path))
    else if (!node.inverted) fillSection(into, node)
  }
}

/** `{{#x}}…{{x}}…{{/x}}` only asks whether there is an x; other sections go through a list, or are a switch. */
function fillSection(into: Json, { path, body }: Section): void {
  const isAsked = body.some((node) => node.kind === 'value' && node.path.join('.') === path.join('.'))
  if (isAsked) fill(into, body)
  else put(into, path, insideOf(body))
}

function insideOf(nodes: Nodes): unknown {
  if (nodes.some((node) => node.kind === 'value' && node.path.length === 0)) return ['a value']
  const inside = emptyJson()
  fill(inside, nodes)
  return Object.keys(inside).length === 0 ? true : [inside]
}

function sampleFor(path: readonly string[]): string {
  const name = (path.at(-1) ?? '').replaceAll('_', ' ')
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`
}

function put(into: Json, [first = '', ...rest]: readonly string[], value: unknown): void {
  const found = into[first]
  if (rest.length === 0) {
    into[first] = found ?? value
    return
  }
  const inner = isJson(found) ? found : emptyJson()
  into[first] = inner
  put(inner, rest, value)
}

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
