import { resolve } from 'node:path'
import type { Hook } from '../src/domain/hook.ts'
import { createHookRenderer, type Rendering } from '../src/inbound/webhook-message.ts'
import { parsePayload } from '../src/payload/parse.ts'
import { presetNames, senders } from '../src/providers/index.ts'
import type { Example } from '../test/fixtures/events/example.ts'
import { examples } from '../test/fixtures/events/index.ts'

export const presetsPagePath = resolve(import.meta.dirname, '../docs/presets.md')

/** docs/presets.md: what every preset makes of every example, so that a change of either is seen in a diff. */
export async function presetsPage(): Promise<string> {
  return [introduction, ...(await Promise.all(presetNames.map(section)))].join('\n\n').concat('\n')
}

const introduction = `# What presets say

Made by \`npm run docs\`: every preset over published payloads of its sender, or payloads in the shape that the sender documents. On the
right is the message as an agent reads it, with ⏎ for a new line, or why no turn starts. Of long messages the table shows beginning and end.
An agent gets them whole, but for single values of more than 8,000 characters (first lines: 300), which end in how many were cut.

What still runs or calls for nothing to be done starts no turn; the answer to the sender is 202 \`ignored\` with the reason. What a preset does
not know becomes one line that names it. A hook with a \`messageTemplate\` of its own beside the preset gets what is *ignored* here, too, and
its \`filter\` decides; only what is *always ignored* it does not get. To be told of that, give the hook \`verify\` in place of \`preset\`.`

async function section(preset: string): Promise<string> {
  const rows = await Promise.all(examplesOf(preset).map((example) => row(preset, example)))
  return [`## ${preset}`, ['| event | message |', '|---|---|', ...counted(rows)].join('\n')].join('\n\n')
}

/** The sample of its sender, for a preset without more examples. */
export function examplesOf(preset: string): readonly Example[] {
  const { headers = {}, body } = senders.get(preset)?.sample ?? {}
  return examples.get(preset) ?? [{ event: 'sample', headers, body }]
}

interface Row {
  readonly event: string
  readonly message: string
}

async function row(preset: string, example: Example): Promise<Row> {
  const rendering = await renderExample(preset, example)
  const isAlways = (await renderExample(preset, example, { template: 'x' })).kind === 'ignored'
  return {
    event: example.event,
    message: cellOf(rendering).replace(/^\*ignored:/, isAlways ? '*always ignored:' : '$&'),
  }
}

/** What a hook with nothing but the preset, or with these members beside it, makes of an example. */
export async function renderExample(
  preset: string,
  { headers = {}, body }: Example,
  more: Partial<Hook> = {},
): Promise<Rendering> {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  const header = (name: string) => headers[name]
  const parse = senders.get(preset)?.parse ?? ((given: Uint8Array) => parsePayload(given, 'application/json'))
  const payload = await parse(bytes, header)
  return createHookRenderer({ ...hookWith(preset), ...more })({ payload, header })
}

const hookWith = (preset: string): Hook => ({
  name: preset,
  path: `/api/hooks/${preset}`,
  preset,
  active: true,
  action: 'agent',
  verify: { scheme: 'bearer', secrets: [] },
  maxBodyBytes: 1_048_576,
  fence: false,
})

/** Of a longer message its beginning and its end are shown. */
const [longest, end] = [320, 120]

function cellOf(rendering: Rendering): string {
  if (rendering.kind !== 'text')
    return `*${rendering.kind}:* ${escaped(rendering.why.replace(/^the preset .* event: /, ''))}`
  const text = escaped(rendering.text.replaceAll('\n\n', '\n').replaceAll('\n', ' ⏎ '))
  return text.length > longest ? `${text.slice(0, longest - end)} … ${text.slice(-end)}` : text
}

/** Underscores within words and addresses mean nothing in Markdown. */
const escaped = (text: string): string => text.replace(/[|<>*`[\]\\]/g, (sign) => `\\${sign}`)

/** Equal rows once, with their number. */
function counted(rows: readonly Row[]): readonly string[] {
  const lines = rows.map(({ event, message }) => `| ${event} | ${message} |`)
  return [...new Set(lines)]
}
