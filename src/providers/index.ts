import type { Respond } from '../domain/hook.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import type { View } from '../payload/view.ts'
import { alertmanager } from './alertmanager.ts'
import { amazonSns } from './amazon-sns.ts'
import { azureEventGrid } from './azure-event-grid.ts'
import { bitbucket } from './bitbucket.ts'
import { cloudevents } from './cloudevents.ts'
import { discord } from './discord.ts'
import { dropbox } from './dropbox.ts'
import { gitea } from './gitea.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { grafana } from './grafana.ts'
import { hmac } from './hmac.ts'
import { linear } from './linear.ts'
import { meta } from './meta.ts'
import { microsoftGraph } from './microsoft-graph.ts'
import { microsoftTeams } from './microsoft-teams.ts'
import { pagerduty } from './pagerduty.ts'
import type { Preset, Scheme, Sender } from './sender.ts'
import { sentry } from './sentry.ts'
import { basic, bearer } from './shared-secret.ts'
import { shopify } from './shopify.ts'
import { slack } from './slack.ts'
import { square } from './square.ts'
import { standardWebhooks, svix } from './standard-webhooks.ts'
import { stripe } from './stripe.ts'
import { twilio } from './twilio.ts'
import { twitch } from './twitch.ts'
import { zoom } from './zoom.ts'

/**
 * Every sender by the name that `verify` and `preset` know it by; whatever there is to know of one is in its own file,
 * and all lists of senders are made of this table. Reading order: sender.ts (what a sender is), prove.ts (how a request
 * is asked for its proof), hmac.ts (the recipe of most), then any of the files below.
 */
export const senders: ReadonlyMap<string, Sender> = new Map<string, Sender>([
  ['bearer', bearer],
  ['basic', basic],
  ['hmac', hmac],
  ['standard-webhooks', standardWebhooks],
  ['svix', svix],
  ['github', github],
  ['gitlab', gitlab],
  ['gitea', gitea],
  ['bitbucket', bitbucket],
  ['stripe', stripe],
  ['slack', slack],
  ['linear', linear],
  ['shopify', shopify],
  ['sentry', sentry],
  ['pagerduty', pagerduty],
  ['alertmanager', alertmanager],
  ['grafana', grafana],
  ['discord', discord],
  ['zoom', zoom],
  ['meta', meta],
  ['twitch', twitch],
  ['dropbox', dropbox],
  ['square', square],
  ['microsoft-graph', microsoftGraph],
  ['microsoft-teams', microsoftTeams],
  ['azure-event-grid', azureEventGrid],
  ['cloudevents', cloudevents],
  ['twilio', twilio],
  ['amazon-sns', amazonSns],
])

/** What `verify` can name. */
export const schemeNames: readonly string[] = namesWith('scheme')

/** What `preset` can name. */
export const presetNames: readonly string[] = namesWith('preset')

export const schemeOf = (name: string): Scheme | undefined => senders.get(name)?.scheme

/** Whether anybody but the sender can make the proof: this server then signs for the admin. */
export const canSign = ({ verify }: { readonly verify: Pick<VerifyConfig, 'scheme'> }): boolean =>
  schemeOf(verify.scheme)?.sign !== undefined

export const presetOf = (name: string | undefined): Preset | undefined =>
  name === undefined ? undefined : senders.get(name)?.preset

/** The name of the scheme by which the sender of a preset proves itself; `bearer` without a preset. */
export function schemeForPreset(preset: string | undefined): string {
  const sender = preset === undefined ? undefined : senders.get(preset)
  return (sender?.scheme ? preset : sender?.usesScheme) ?? 'bearer'
}

/** The largest body that a hook's sender has; 0 where it is not known to send large ones. */
export const ownBodyBytes = (preset: string | undefined, scheme: string): number =>
  Math.max(senders.get(preset ?? '')?.maxBodyBytes ?? 0, senders.get(scheme)?.maxBodyBytes ?? 0)

/** What the sender of a hook must be answered, where the hook does not say. */
export const ownRespond = (preset: string | undefined, scheme: string, payload: View): Respond | undefined =>
  (senders.get(preset ?? '')?.respond ?? senders.get(scheme)?.respond)?.(payload)

function namesWith(part: 'scheme' | 'preset'): readonly string[] {
  return [...senders].filter(([, sender]) => sender[part] !== undefined).map(([name]) => name)
}
