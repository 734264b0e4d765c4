import { Elysia } from 'elysia'
import { type AnswerForm, posted } from './forms.ts'
import { redirect } from './login-routes.ts'
import type { SettingsDeps } from './settings.ts'

/** The forms of the settings: logins are ended, one or all the others. */
export const settingsForms = ({ logins }: Pick<SettingsDeps, 'logins'>, post: AnswerForm) =>
  new Elysia({ prefix: '/settings' })
    .post(
      '/logins/:id/end',
      ({ request, params }) =>
        post(request, async () => {
          logins.end(params.id)
          return redirect(settings)
        }),
      posted,
    )
    .post(
      '/logins/end-others',
      ({ request }) =>
        post(request, async (_, { id }) => {
          logins.endOthers(id)
          return redirect(settings)
        }),
      posted,
    )

const settings = '/dashboard/settings'
