import { fromHex } from '../auth/encodings.ts'
import { isFresh, unixTime } from '../auth/freshness.ts'
import { isEd25519Key, isSignedEd25519 } from '../auth/mac.ts'
import { isObject, type View, type ViewObject } from '../payload/view.ts'
import { emptyAnswer, jsonAnswer, memberOfSmall, passedOn } from './answer.ts'
import { namedInBody } from './named-in-body.ts'
import { at, byWho, firstText, given, inWhere, line, lines, listAt, textAt } from './preset.ts'
import { dated, single, vouched } from './request.ts'
import type { Sender, Verify } from './sender.ts'
import { flawOfHeader, flawOfTime, wrongSignature } from './unproven.ts'

/** discord.com/developers, "Setting up an endpoint": Ed25519 over time and body; the secret is the public key. */
const verify: Verify = async (config, request) => {
  const time = single(request, 'x-signature-timestamp') ?? ''
  const signature = fromHex(single(request, 'x-signature-ed25519') ?? '')
  if (!signature || !isFresh(unixTime(time), request.now, config.toleranceSeconds ?? 300)) return undefined
  const keys = config.secrets.map((secret) => fromHex(secret.toLowerCase()) ?? new Uint8Array())
  for (const key of keys)
    if (await isSignedEd25519(key, [time, request.rawBody], signature)) return dated(request, time, {})
  return undefined
}

export const discord: Sender = {
  title: 'Discord',
  scheme: {
    proof:
      'Ed25519 of `{timestamp}{body}` in `x-signature-ed25519`; the secret is the application’s public key',
    toleranceSeconds: 300,
    ownSecret: true,
    verify,
    whyNot: (config, request) =>
      flawOfHeader(request, 'x-signature-ed25519') ??
      flawOfHeader(request, 'x-signature-timestamp') ??
      flawOfTime(
        unixTime(single(request, 'x-signature-timestamp') ?? ''),
        request.now,
        config.toleranceSeconds ?? 300,
      ) ??
      wrongSignature,
    inspect: namedInBody((_, id) => vouched(id), 'id'),
    echoes: true,
    /** discord.com/developers: interactions send a PING of type 1, webhook events one of type 0; an event is of type 1, too. */
    handshake: (_, request) => {
      const type = memberOfSmall(request, 'type')
      if (type === 1 && memberOfSmall(request, 'event') === undefined) return jsonAnswer({ type: 1 })
      // Asked at every key that somebody types: nothing to start a turn for.
      if (type === 4) return jsonAnswer({ type: 8, data: { choices: [] } })
      return type === 0 ? emptyAnswer(204) : undefined
    },
    key: {
      what: "the application's public key, 64 hex digits",
      fits: (secret) => isEd25519Key(fromHex(secret.toLowerCase()) ?? new Uint8Array()),
      isPublic: true,
    },
  },
  /** discord.com/developers, "Receiving and responding": autocompletion has a form of its own, webhook events want 204. */
  respond: (payload) => {
    if (isObject(at(payload, 'event'))) return { status: 204, body: '' }
    const data = at(payload, 'type') === 4 ? '"choices":[]' : `"flags":64,"content":"${passedOn}"`
    const type = at(payload, 'type') === 4 ? 8 : 4
    return { status: 200, contentType: 'application/json', body: `{"type":${type},"data":{${data}}}` }
  },
  /** discord.com/developers, "Receiving and responding" and "Webhook events". */
  preset: {
    eventOf: (payload) =>
      textAt(payload, 'event.type') || (interactions.get(at(payload, 'type')) ?? 'interaction'),
    derive: (payload) => ({
      who: firstText(payload, 'member.user.username', 'user.username', 'event.data.user.username'),
      where: textAt(payload, 'channel.name'),
      chosen: listAt(payload, 'data.values')
        .filter((one) => typeof one === 'string' && one !== '')
        .join(', '),
      fields: [...listAt(payload, 'data.options'), ...listAt(payload, 'data.components')].flatMap(fieldsOf),
    }),
    messages: {},
    otherwise: {
      template: lines(
        `Discord: {{event}}${given(' ', 'data.name')}${given(' ', 'data.custom_id')}${inWhere}${byWho}${given(': ', 'chosen')}`,
        '{{#fields}}\n- {{name}}{{#value}}: {{value}}{{/value}}\n{{/fields}}',
        line('data.target_id', 'About '),
      ),
    },
  },
  sample: { headers: {}, body: { type: 2, id: '846462639134605312', data: { name: 'ask' } } },
}

const interactions: ReadonlyMap<View, string> = new Map([
  [2, 'command'],
  [3, 'component'],
  [5, 'form'],
])

/** Options of a command and fields of a form hold each other: what has a value, by its name. */
function fieldsOf(view: View): readonly ViewObject[] {
  const within = [...listAt(view, 'options'), ...listAt(view, 'components'), at(view, 'component')]
  const name = firstText(view, 'name', 'custom_id')
  return [
    ...(name === '' ? [] : [{ name, value: at(view, 'value') }]),
    ...within.filter(isObject).flatMap(fieldsOf),
  ]
}
