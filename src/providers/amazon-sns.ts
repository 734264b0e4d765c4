import type { X509Certificate } from 'node:crypto'
import { fromBase64 } from '../auth/encodings.ts'
import { isFresh, rfc3339Time } from '../auth/freshness.ts'
import { isSignedRsa } from '../auth/mac.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import { parsePayload } from '../payload/parse.ts'
import { isList, isObject, type View, type ViewObject } from '../payload/view.ts'
import { emptyAnswer, memberOfSmall } from './answer.ts'
import { extended, given, line, lines, textAt } from './preset.ts'
import { vouched } from './request.ts'
import type { Scheme, Sender, VerifyLater } from './sender.ts'
import { wrong } from './unproven.ts'

/** Far more than a message of 256 KB with everything escaped: it is read before it is verified. */
const longestBody = 2_097_152

/** SNS tries for an hour, and a repeat is known by its id for longer than this. */
const toleranceSeconds = 7200

/**
 * docs.aws.amazon.com, "Verifying the signatures of Amazon SNS messages". Anybody can own a topic, so the topic is part
 * of the configuration; the certificate must lie where only Amazon can put one.
 */
const verify: VerifyLater = async (config, request, network) => {
  const message = request.rawBody.length > longestBody ? null : await jsonIn(request.rawBody)
  const url = amazonUrl(textAt(message, 'SigningCertURL'), config)
  if (
    !url?.pathname.endsWith('.pem') ||
    url.search + url.hash !== '' ||
    !isExpected(config, message, request.now)
  )
    return undefined
  const certificate = await network.certificate(url, request.now)
  return certificate && isValidAt(certificate, request.now) && isSignedBy(certificate, message)
    ? vouched(textAt(message, 'MessageId'))
    : undefined
}

const jsonIn = (body: Uint8Array): Promise<View> => parsePayload(body, 'application/json').catch(() => null)

/** An address of SNS in the region of the topic, or undefined. Other names of that form may be anybody's bucket `sns`. */
function amazonUrl(text: string, { topicArn = '' }: VerifyConfig): URL | undefined {
  const [, partition = '', , region = ''] = topicArn.split(':')
  const host = `sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.origin === `https://${host}` && url.username === '' && url.password === '' ? url : undefined
}

/** Whatever can be refused before a certificate is fetched for it. */
const isExpected = ({ topicArn, ...config }: VerifyConfig, message: View, now: number): boolean =>
  topicArn !== undefined &&
  topicArn !== '' &&
  textAt(message, 'TopicArn') === topicArn &&
  isFresh(rfc3339Time(textAt(message, 'Timestamp')), now, config.toleranceSeconds ?? toleranceSeconds) &&
  signedText(message) !== undefined

const ofConfirmations = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
const signedFields: ReadonlyMap<string, readonly string[]> = new Map([
  ['Notification', ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']],
  ['SubscriptionConfirmation', ofConfirmations],
  ['UnsubscribeConfirmation', ofConfirmations],
])

/** Undefined for an unknown type, and when a signed field other than the subject is missing. */
function signedText(message: View): string | undefined {
  const names = signedFields.get(textAt(message, 'Type')) ?? []
  const fields = names.filter((name) => isObject(message) && typeof message[name] === 'string')
  const complete = names.every((name) => name === 'Subject' || fields.includes(name))
  return complete && fields.length > 0
    ? fields.map((name) => `${name}\n${textAt(message, name)}\n`).join('')
    : undefined
}

const isValidAt = ({ validFrom, validTo }: X509Certificate, now: number): boolean =>
  Date.parse(validFrom) <= now && now <= Date.parse(validTo)

/** The digest by `SignatureVersion`. */
const hashes: ReadonlyMap<string, 'sha1' | 'sha256'> = new Map([
  ['1', 'sha1'],
  ['2', 'sha256'],
])

function isSignedBy({ publicKey }: X509Certificate, message: View): boolean {
  const hash = hashes.get(textAt(message, 'SignatureVersion'))
  const signature = fromBase64(textAt(message, 'Signature'))
  const text = signedText(message)
  if (!hash || !signature || text === undefined) return false
  return isSignedRsa(publicKey, text, signature, hash)
}

/** A subscription is confirmed by a GET of the address that was signed with it; SNS tries again when that fails. */
const handshake: Scheme['handshake'] = async (config, request, network) => {
  const type = memberOfSmall(request, 'Type')
  if (type === 'UnsubscribeConfirmation') return emptyAnswer(200)
  if (type !== 'SubscriptionConfirmation') return undefined
  const url = amazonUrl(String(memberOfSmall(request, 'SubscribeURL')), config)
  return emptyAnswer(url && (await network.get(url)) ? 200 : 502)
}

/** SNS calls its JSON text. What a message holds as JSON is added as `message`. */
async function parse(body: Uint8Array): Promise<View> {
  const view = await parsePayload(body, 'application/json')
  const message = await jsonIn(new TextEncoder().encode(textAt(view, 'Message')))
  return isObject(message) || isList(message) ? extended(view, { message }) : view
}

export const amazonSns: Sender = {
  title: 'Amazon SNS',
  scheme: {
    proof:
      'RSA signature in the body, under a certificate of `sns.*.amazonaws.com`; the topic must be `topicArn`',
    withoutSecret: true,
    toleranceSeconds,
    needs: ['topicArn'],
    flaw: ({ topicArn = '' }) =>
      /^arn:aws(-cn:sns:(?=cn-)|(?!-cn)[a-z-]*:sns:(?!cn-))[a-z]{2,}(-[a-z]+)+-\d+:\d{12}:[A-Za-z0-9_.-]{1,256}$/.test(
        topicArn,
      )
        ? undefined
        : {
            option: 'topicArn',
            what: 'must be as Amazon writes it, arn:aws:sns:<region>:<account>:<topic>',
          },
    verify,
    whyNot: () => wrong('signature, certificate, time or topic of the message is wrong'),
    idIn: (_, request) => memberOfSmall(request, 'MessageId'),
    handshake,
  },
  parse,
  preset: {
    eventOf: (payload) => textAt(payload, 'Type'),
    messages: {
      Notification: {
        about: 'Message',
        template: lines(
          `Amazon SNS${given(', ', 'topic')}${given(': ', 'Subject')}`,
          `{{#message.AlarmName}}\nAlarm {{message.AlarmName}}${given(': ', 'message.NewStateValue')}\n{{/message.AlarmName}}`,
          line('message.NewStateReason'),
          '{{^message.AlarmName}}\n{{Message}}\n{{/message.AlarmName}}',
        ),
        derive: (payload): ViewObject => ({ topic: textAt(payload, 'TopicArn').split(':').at(-1) ?? '' }),
      },
    },
    otherwise: {
      template:
        'Amazon SNS: {{event}}{{^event}}a message without a type{{/event}}{{#TopicArn}} of {{TopicArn}}{{/TopicArn}}.',
    },
  },
  sample: {
    headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' },
    body: {
      Type: 'Notification',
      MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
      TopicArn: 'arn:aws:sns:us-west-2:123456789012:MyTopic',
      Subject: 'My First Message',
      Message: 'Hello world!',
      Timestamp: '2012-05-02T00:54:06.655Z',
    },
    verify: { topicArn: 'arn:aws:sns:us-west-2:123456789012:MyTopic' },
  },
}
