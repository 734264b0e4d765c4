import { isFresh, rfc3339Time, unixTime } from '../auth/freshness.ts'
import { memberIn } from '../payload/json.ts'
import { following, verifyRecipe } from './hmac.ts'
import { type Check, claimed, dated, single, vouched } from './request.ts'

/** docs.github.com, "Validating webhook deliveries". */
export const github = following({
  header: 'x-hub-signature-256',
  prefix: 'sha256=',
  idHeader: 'x-github-delivery',
})

/** docs.gitea.com, "Webhooks"; Forgejo sends the same header. */
export const gitea = following({ header: 'x-gitea-signature', idHeader: 'x-gitea-delivery' })

/** support.atlassian.com, "Secure webhooks": no `-256` in the name. */
export const bitbucket = following({
  header: 'x-hub-signature',
  prefix: 'sha256=',
  idHeader: 'x-request-uuid',
})

/** docs.slack.dev, "Verifying requests from Slack". */
export const slack = following({
  header: 'x-slack-signature',
  prefix: 'v0=',
  signed: 'v0:{timestamp}:{body}',
  timestampHeader: 'x-slack-request-timestamp',
  deliveryId: (request) => vouched(memberIn(request.rawBody, 'event_id')),
})

/** shopify.dev, "Deliver webhooks through HTTPS". */
export const shopify = following({
  header: 'x-shopify-hmac-sha256',
  encoding: 'base64',
  idHeader: 'x-shopify-webhook-id',
})

/** docs.sentry.io, "Integration platform: webhooks". Its timestamp header is not signed and so proves nothing. */
export const sentry = following({ header: 'sentry-hook-signature', idHeader: 'request-id' })

/** developers.zoom.us, "Using webhooks". */
export const zoom = following({
  header: 'x-zm-signature',
  prefix: 'v0=',
  signed: 'v0:{timestamp}:{body}',
  timestampHeader: 'x-zm-request-timestamp',
})

/** developers.facebook.com, "Webhooks: validating payloads". */
export const meta = following({ header: 'x-hub-signature-256', prefix: 'sha256=' })

/** dev.twitch.tv, "Handling webhook events": messages older than ten minutes are to be refused. */
export const twitch = following({
  header: 'twitch-eventsub-message-signature',
  prefix: 'sha256=',
  signed: '{header:twitch-eventsub-message-id}{timestamp}{body}',
  timestampHeader: 'twitch-eventsub-message-timestamp',
  readTime: rfc3339Time,
  toleranceSeconds: 600,
  deliveryId: (request) => vouched(single(request, 'twitch-eventsub-message-id')),
})

/** dropbox.com/developers, "Webhooks". */
export const dropbox = following({ header: 'x-dropbox-signature' })

/** developer.squareup.com, "Verify and validate an event notification". */
export const square = following({
  header: 'x-square-hmacsha256-signature',
  encoding: 'base64',
  signed: '{url}{body}',
  deliveryId: (request) => vouched(memberIn(request.rawBody, 'event_id')),
})

/** grafana.com/docs, "Webhook notifier": a time is signed when its header is configured there. */
export const grafana: Check = (config, request) =>
  verifyRecipe(
    {
      header: config.header ?? 'x-grafana-alerting-signature',
      signed: config.timestampHeader === undefined ? '{body}' : '{timestamp}:{body}',
      timestampHeader: config.timestampHeader,
    },
    config,
    request,
  )

/** linear.app/developers/webhooks: the time is in the body, in milliseconds, good for a minute. Its id is not signed. */
export const linear: Check = (config, request) => {
  const verified = verifyRecipe({ header: 'linear-signature' }, config, request)
  const stamp = memberIn(request.rawBody, 'webhookTimestamp') ?? single(request, 'linear-timestamp')
  const fresh = isFresh(unixTime(String(stamp)), request.now, config.toleranceSeconds ?? 60)
  if (!verified || !fresh) return undefined
  const { deliveryId } = claimed(request, single(request, 'linear-delivery'))
  return dated(request, String(stamp), deliveryId === undefined ? {} : { deliveryId })
}

/** Any other sender of one HMAC. */
export const hmac: Check = (config, request) =>
  config.header === undefined
    ? undefined
    : verifyRecipe(
        { ...config, header: config.header, toleranceSeconds: 300, anyCase: true },
        config,
        request,
      )
