import type { Condition, Respond } from '../domain/hook.ts'
import type { HandshakeAnswer } from '../domain/knock.ts'
import type { VerifyConfig } from '../domain/verify.ts'
import type { View, ViewObject } from '../payload/view.ts'
import type { Network } from './network.ts'
import type { RequestHead, SignedRequest, Verified } from './request.ts'

/** What is known of one sender of webhooks. The table of all is in index.ts. */
export interface Sender {
  /** As people write its name. */
  readonly title: string
  /** How its requests prove themselves. A sender without a scheme of its own uses the one that `usesScheme` names. */
  readonly scheme?: Scheme
  readonly usesScheme?: string
  /** Ready-made messages for its events. */
  readonly preset?: Preset
  /** Largest body that it sends, where that is more than `limits.hookBytes`: the default of `maxBodyBytes`. */
  readonly maxBodyBytes?: number
  /** What it must be answered where the usual receipt will not do; undefined for a payload where that will. */
  readonly respond?: (payload: View) => Respond | undefined
  /** Its body as filters and templates see it, where that is more than its content type says. */
  readonly parse?: (body: Uint8Array, header: (name: string) => string | undefined) => Promise<View>
  /** One event in the shape the sender documents. */
  readonly sample: Sample
}

export interface Scheme {
  /** Where a request carries its proof, in Markdown, for the documentation. */
  readonly proof: string
  readonly verify: VerifyLater
  /** Why `verify` refused the request; without it, that something is missing or wrong. */
  readonly whyNot?: (config: VerifyConfig, request: SignedRequest) => Unproven | Promise<Unproven>
  /**
   * What a body whose proof holds says of itself, so that it is read only then: the sender's id of it, a time that must be
   * fresh. Undefined refuses it after all.
   */
  readonly inspect?: (
    config: VerifyConfig,
    request: SignedRequest,
    verified: Verified,
  ) => Promise<Verified | undefined>
  /** The sender's id of a delivery, in a request that need not prove itself. */
  readonly idIn?: (config: VerifyConfig, request: SignedRequest) => unknown
  /** The headers that prove a request by the first secret; none where nobody but the sender can make them. */
  readonly sign?: Sign
  /** Where the secret itself is shown, which proves nothing of the body. Absent for signatures. */
  readonly secretIn?: 'headers' | 'body'
  /** The body without the secret that stands in it, which is neither stored nor told. */
  readonly hideSecret?: (body: Uint8Array) => Uint8Array
  /** What a person can show by hand instead of a signature. */
  readonly credential?: (config: VerifyConfig) => Credential | undefined
  /** Default of `toleranceSeconds`; absent where the scheme has no time. */
  readonly toleranceSeconds?: number
  /** There is no secret: everybody can verify what the sender signed. */
  readonly withoutSecret?: true
  /** The sender makes the secret, so its length is not the operator's choice. */
  readonly ownSecret?: true
  /** Where not every text can be a secret. */
  readonly key?: Key
  /** Options without which nothing could verify. */
  readonly needs?: readonly Option[]
  /** Options that are read besides `needs`, and besides `toleranceSeconds` where there is a default of it. */
  readonly options?: readonly Option[]
  /** Why options could verify nothing together, or would prove nothing. */
  readonly flaw?: (config: VerifyConfig) => Flaw | undefined
  /** The answer to a handshake that stands in a verified request; undefined for an event. */
  readonly handshake?: (
    config: VerifyConfig,
    request: SignedRequest,
    network: Network,
  ) => HandshakeAnswer | undefined | Promise<HandshakeAnswer | undefined>
  /** `handshake` uses no secret and asks nobody, so that it may be answered where the address is the proof. */
  readonly echoes?: true
  /** The answer to a handshake that the sender does not sign. It is asked first and sees no body. */
  readonly openHandshake?: (config: VerifyConfig, head: RequestHead) => Proof | undefined
}

export type Option = Exclude<keyof VerifyConfig, 'scheme' | 'secrets'>

/** Why nothing could ever verify with a configuration, or why it would prove nothing. */
export interface Flaw {
  /** The option that is wrong; undefined when it is how they go together. */
  readonly option?: keyof VerifyConfig | undefined
  /** The end of a sentence that begins with the option. */
  readonly what: string
  /** The option changes nothing; what is proven is proven without it. */
  readonly harmless?: true
}

/** Whether a request proves itself: on the raw bytes, in constant time, strict in every encoding. Never rejects. */
export type Verify = (config: VerifyConfig, request: SignedRequest) => Promise<Verified | undefined>
/** The same for a scheme that has to ask others. Throws `unreachable` or `rate_limited` when it cannot know yet. */
export type VerifyLater = (
  config: VerifyConfig,
  request: SignedRequest,
  network: Network,
) => Verified | undefined | Promise<Verified | undefined>
export type Sign = (
  config: VerifyConfig,
  request: SignedRequest,
) => Readonly<Record<string, string>> | undefined

/** What came of asking a request for its proof. */
export type Proof =
  | { readonly kind: 'verified'; readonly verified: Verified }
  | { readonly kind: 'handshake'; readonly answer: HandshakeAnswer }
  | Unproven
  | { readonly kind: 'method'; readonly allow: string }

export interface Unproven {
  readonly kind: 'unproven'
  /** For the operator: what was missing or wrong, never its value. */
  readonly why: string
  /** A proof was shown, and it is wrong. */
  readonly guess?: true
}

interface Key {
  /** What the secret has to be, as the end of a sentence. */
  readonly what: string
  readonly fits: (secret: string) => boolean
  /** Everybody knows it, so it must not be the secret that others show. */
  readonly isPublic?: true
}

export interface Credential {
  /** For people: what the caller shows. */
  readonly text: string
  /** A security scheme of OpenAPI, without its description. */
  readonly security:
    | { readonly type: 'http'; readonly scheme: 'bearer' | 'basic' }
    | { readonly type: 'apiKey'; readonly in: 'header'; readonly name: string }
}

export interface Preset {
  readonly eventOf: (payload: View, header: (name: string) => string | undefined) => string
  /** Why there is nothing to tell: ignored whatever the hook's template. */
  readonly nothingIn?: { readonly [event: string]: string }
  /** A message, or why the event calls for nothing to be done: ignored unless the hook has a template of its own. */
  readonly messages: { readonly [event: string]: Message | string }
  /** For events that are not listed; without it they are ignored. */
  readonly otherwise?: Message
  /** Names that Mustache cannot compute, for every message. */
  readonly derive?: (payload: View, header: (name: string) => string | undefined) => ViewObject
}

export interface Message {
  /** Mustache over the payload and what `derive` adds to it. */
  readonly template: string
  /** A member of the payload without which the template would say nothing: `otherwise` is rendered then. */
  readonly about?: string
  /** The event is ignored unless this holds. */
  readonly only?: Condition
  /** The same, unless the hook has a template of its own. */
  readonly byDefault?: Condition
  /** Names for what Mustache cannot compute. */
  readonly derive?: (payload: View) => ViewObject
}

export interface Sample {
  readonly body: object
  /** Headers that are no proof: which event it is, the sender's id. */
  readonly headers: Readonly<Record<string, string>>
  /** Options without which the scheme cannot verify. */
  readonly verify?: Partial<VerifyConfig>
}
