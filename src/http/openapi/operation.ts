import { type TSchema, Type } from '@sinclair/typebox'
import type { DocumentDecoration } from 'elysia'
import { problemRefs } from './problems.ts'

type Credential = 'adminToken' | 'hookSecret' | 'knockToken' | 'agentToken'

/** What the document says of one route beside the models that the route itself checks by. */
export interface Operation {
  readonly tag: string
  /** The operation id: unique, and the name that generated clients use. */
  readonly id: string
  readonly summary: string
  readonly description?: string
  /** Credentials, any one of which opens the route; none for an open route. */
  readonly by?: readonly Credential[]
  /** Request headers worth naming. */
  readonly headers?: readonly Header[]
  /** The body of a route that reads it by itself. */
  readonly body?: ReturnType<typeof bodyOf>
  /** The answers of a route without `response` models. */
  readonly answers?: Answers
  /** Statuses of the route's refusals. */
  readonly refuses?: readonly number[]
}

export interface Header {
  readonly name: string
  readonly description: string
  readonly example?: string
}

/** Status → model of what is answered; its `description` says what that means. */
export type Answers = Readonly<Record<number, TSchema>>

export const operation = (route: Operation): DocumentDecoration => ({
  tags: [route.tag],
  operationId: route.id,
  summary: route.summary,
  ...(route.description !== undefined && { description: route.description }),
  security: (route.by ?? []).map((credential) => ({ [credential]: [] })),
  ...(route.headers && { parameters: route.headers.map(headerOf) }),
  ...(route.body && { requestBody: route.body }),
  responses: { ...answersOf(route.answers ?? {}), ...problemRefs(route.refuses ?? []) },
})

/** What the document says of routes for the admin alone; refusals that follow from a route's models are not listed. */
export const adminOperations =
  (tag: string) =>
  (id: string, summary: string, ...refuses: readonly number[]) =>
    operation({
      ...{ tag, id, summary, description: 'With the admin token.', by: ['adminToken'] },
      refuses: [401, 403, ...refuses, 421, 422, 429],
    })

const headerOf = ({ name, description, example }: Header) => ({
  ...{ in: 'header', name, description },
  schema: { type: 'string' as const, ...(example !== undefined && { example }) },
})

/** `text` where the bare message is accepted as well. */
export const bodyOf = (
  model: TSchema,
  { required = true, text = false, type = 'application/json', example = model.example } = {},
) => ({
  required,
  content: {
    [type]: { schema: model, example },
    ...(text && { 'text/plain': { schema: { type: 'string' as const }, example: 'hello' } }),
  },
})

export const answersOf = (models: Answers) =>
  Object.fromEntries(Object.entries(models).map(([status, model]) => [status, answerOf(model)]))

const answerOf = (model: TSchema) => ({
  description: model.description ?? 'Done',
  ...(model.type !== 'void' && {
    content: { [model.contentMediaType ?? 'application/json']: { schema: model } },
  }),
})

/** The answers of a page for browsers. */
export const pageAnswers: Answers = {
  200: Type.String({ description: 'The page', contentMediaType: 'text/html' }),
  303: Type.Void({ description: 'To the login' }),
}
