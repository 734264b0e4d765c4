import { Failure } from '../../domain/error.ts'
import { findDeliveryId, showDelivery } from '../../manage/deliveries.ts'
import { pair } from '../arguments.ts'
import { type Argument, type Call, type Flag, withHome } from '../command.ts'

export const hookName: Argument = {
  name: 'name',
  summary: 'the hook; that of the delivery unless given',
  complete: 'hooks',
}

/** With what a hook is tried. */
export const trialFlags: readonly Flag[] = [
  {
    name: 'payload',
    value: 'FILE',
    summary: 'the payload; "-" reads standard input; else an example of the preset, or {}',
  },
  {
    name: 'delivery',
    value: 'delivery-id',
    complete: 'hookDeliveries',
    summary: 'with what this delivery came with, instead; a unique beginning is enough',
  },
  { name: 'header', value: 'NAME:VALUE', summary: 'a request header it looks at', many: true },
]

interface Trial {
  readonly name: string
  readonly payload?: Uint8Array | undefined
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** Throws `usage`, `not_found`, and `unprocessable` for a delivery that came with no payload. */
export async function trialOf(call: Call): Promise<Trial> {
  const { args, flags, io } = call
  const [name, file, wanted] = [args.text('name'), flags.text('payload'), flags.text('delivery')]
  if (file !== undefined && wanted !== undefined)
    throw new Failure('usage', 'Choose one of --payload and --delivery.')
  if (wanted !== undefined) return ofDelivery(call, wanted, name)
  if (name === undefined) throw new Failure('usage', 'Name a hook, or give --delivery. See postern hooks ls.')
  return { name, payload: file === undefined ? undefined : await io.read(file), headers: headersOf(call) }
}

function ofDelivery(call: Call, wanted: string, name: string | undefined): Promise<Trial> {
  return withHome(call, async ({ store }) => {
    const { id, source, payload, contentType, headers } = await showDelivery(
      store,
      await findDeliveryId(store, wanted),
    )
    const hook = name ?? (source.kind === 'hook' ? source.hook : undefined)
    if (hook === undefined) throw new Failure('usage', `${id} came through no hook: name the hook to try.`)
    if (payload === undefined) throw new Failure('unprocessable', `${id} keeps no payload.`)
    const type = contentType === undefined ? {} : { 'content-type': contentType }
    return { name: hook, payload, headers: { ...headers, ...type, ...headersOf(call) } }
  })
}

const headersOf = ({ flags }: Call): Readonly<Record<string, string>> =>
  Object.fromEntries(
    flags
      .list('header')
      .map((header) => pair(header, ':', '--header'))
      .map(([name, value]) => [name.trim().toLowerCase(), value.trim()]),
  )
