import { createHash } from 'node:crypto'
import { fromBase64 } from '../auth/encodings.ts'
import { feed } from '../auth/feed.ts'
import { isSigned, macOf } from '../auth/mac.ts'
import type { Condition } from '../domain/hook.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { mediaTypeOf } from '../payload/text.ts'
import type { View } from '../payload/view.ts'
import { queryOf } from './answer.ts'
import { firstText, given, line, lines, paragraph, textAt } from './preset.ts'
import { claimed, type SignedRequest, single } from './request.ts'
import type { Sender } from './sender.ts'
import { flawOfHeader, wrongSignature } from './unproven.ts'

/** twilio.com/docs/messaging, "Message status values": on the way. */
const onItsWay = { in: ['accepted', 'scheduled', 'queued', 'sending', 'sent'] }
const stillSending: Condition = {
  any: [
    { path: 'MessageStatus', ...onItsWay },
    { path: 'SmsStatus', ...onItsWay },
  ],
}
/** A call that was begun from here; one that rings from outside is news. */
const stillCalling: Condition = {
  all: [
    { path: 'CallStatus', in: ['queued', 'initiated', 'ringing', 'in-progress'] },
    { path: 'Direction', in: ['outbound-api', 'outbound-dial'] },
  ],
}

const ofRecordings = ['TranscriptionStatus', 'RecordingStatus']

const mediaIn = (payload: View): readonly View[] =>
  Array.from({ length: 10 }, (_, index) => textAt(payload, `MediaUrl${index}`)).filter((url) => url !== '')

/**
 * twilio.com/docs/usage/security, "Validating requests": HMAC-SHA1, which is Twilio's choice, over the address and the
 * fields of the form; of any other body the address holds the digest.
 */
export const twilio: Sender = {
  title: 'Twilio',
  scheme: {
    proof:
      'HMAC-SHA1 of `{url}` and the sorted fields of the form, or of a `{url}` with `bodySHA256`, in `x-twilio-signature`',
    ownSecret: true,
    options: ['url'],
    verify: async (config, request) => {
      const signature = fromBase64(single(request, 'x-twilio-signature') ?? '')
      const text = signedText(request)
      if (!signature || text === undefined) return undefined
      for (const address of spellingsOf(addressOf(config, request)))
        if (await isSigned(config.secrets, [address, text], [signature], 'sha1'))
          return (await isDigested(request))
            ? claimed(request, single(request, 'i-twilio-idempotency-token'))
            : undefined
      return undefined
    },
    whyNot: (_, request) => flawOfHeader(request, 'x-twilio-signature') ?? wrongSignature,
    idIn: (_, request) => single(request, 'i-twilio-idempotency-token'),
    sign: (config, request) => ({
      'x-twilio-signature': Buffer.from(
        macOf(config.secrets[0] ?? '', [addressOf(config, request), signedText(request) ?? ''], 'sha1'),
      ).toString('base64'),
    }),
  },
  /** twilio.com/docs/messaging/twiml: what is to be said or sent back; nothing. */
  respond: () => ({
    ...{ status: 200, contentType: 'text/xml' },
    body: '<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
  }),
  preset: {
    eventOf: () => 'message',
    messages: {},
    otherwise: {
      about: 'From',
      template: lines(
        `{{#isText}}\nMessage${given(' from ', 'From')}${given(' to ', 'To')}:\n{{/isText}}`,
        line('Body'),
        `{{#media}}\nAttached: {{.}}\n{{/media}}`,
        `{{^isText}}\nTwilio: {{kind}}${given(' from ', 'From')}${given(' to ', 'To')}${given(': ', 'status')}${given(', error ', 'ErrorCode')}${given(' (', 'sid', ')')}\n{{/isText}}`,
        line('Digits', 'Keys: '),
        line('RecordingUrl', 'Recording: '),
        paragraph('speech'),
      ),
      byDefault: { not: { any: [stillSending, stillCalling] } },
      derive: (payload) => ({
        isText: textAt(payload, 'Body') !== '' || mediaIn(payload).length > 0,
        media: mediaIn(payload),
        speech: firstText(payload, 'SpeechResult', 'TranscriptionText'),
        kind: textAt(payload, 'CallSid') === '' && textAt(payload, 'CallStatus') === '' ? 'message' : 'call',
        status: firstText(payload, 'CallStatus', 'MessageStatus', 'SmsStatus', ...ofRecordings),
        sid: firstText(payload, 'CallSid', 'MessageSid', 'SmsSid'),
      }),
    },
  },
  sample: {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { MessageSid: 'SM1', From: '+14158675309', To: '+18005551212', Body: 'Is the shop open?' },
  },
}

/** Far more than any form of Twilio's: it is read before it is verified. */
const longestForm = 262_144

/** What is signed after the address. Undefined for a body that nothing of the address or the fields vouches for. */
function signedText(request: SignedRequest): string | undefined {
  if (digestIn(request) !== undefined) return ''
  const isForm = mediaTypeOf(request.header('content-type') ?? '') === 'application/x-www-form-urlencoded'
  if (request.rawBody.length > (isForm ? longestForm : 0)) return undefined
  const fields = new URLSearchParams(Buffer.from(request.rawBody).toString())
  return [...new Set(fields.keys())]
    .sort()
    .flatMap((name) => valuesOf(fields, name))
    .join('')
}

/** Of a repeated field each value once. */
const valuesOf = (fields: URLSearchParams, name: string): readonly string[] =>
  [...new Set(fields.getAll(name))].sort().map((value) => name + value)

/** The configured address with the query of the request, to which Twilio adds. */
function addressOf({ url }: VerifyConfig, request: SignedRequest): string {
  const query = request.url.indexOf('?')
  return url === undefined
    ? request.url
    : url.replace(/\?.*$/, '') + (query < 0 ? '' : request.url.slice(query))
}

/** Twilio's services do not agree on whether the port belongs to the address; its own libraries try both, too. */
function spellingsOf(address: string): readonly string[] {
  const [, scheme, host, port, rest = ''] = /^(https?):\/\/([^/?]*?)(:\d+)?([/?].*)?$/.exec(address) ?? []
  if (scheme === undefined) return [address]
  const usual = scheme === 'https' ? ':443' : ':80'
  return [...new Set([port ?? '', '', usual])].map((one) => `${scheme}://${host}${one}${rest}`)
}

const digestIn = (request: SignedRequest): string | undefined =>
  queryOf(request).get('bodySHA256') ?? undefined

async function isDigested(request: SignedRequest): Promise<boolean> {
  const digest = digestIn(request)
  if (digest === undefined) return true
  const hash = createHash('sha256')
  await feed(hash, request.rawBody)
  return hash.digest('hex') === digest.toLowerCase()
}
